package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type result struct {
	code     int
	out, err string
}

func run(in string, args ...string) result {
	var out, err bytes.Buffer
	code := Run(args, Streams{In: strings.NewReader(in), Out: &out, Err: &err})
	return result{code, out.String(), err.String()}
}

func TestCountsTheWordsOfAFile(t *testing.T) {
	poem := filepath.Join(t.TempDir(), "poem.txt")
	if err := os.WriteFile(poem, []byte("so much depends\nupon\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := run("", "count", poem), (result{code: exitDone, out: "4\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCountsTheWordsOfStandardInput(t *testing.T) {
	if got, want := run("a b c", "count", "-"), (result{code: exitDone, out: "3\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPrintsJSONOnRequest(t *testing.T) {
	want := result{code: exitDone, out: `{"file":"-","words":1}` + "\n"}
	if got := run("a", "count", "-json", "-"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFailsWhereAFileCannotBeRead(t *testing.T) {
	got := run("", "count", filepath.Join(t.TempDir(), "missing"))
	if got.code != exitFailed || got.out != "" || !strings.Contains(got.err, "missing") {
		t.Errorf("got %+v", got)
	}
}

func TestWrongUsageIsExplained(t *testing.T) {
	for _, args := range [][]string{{}, {"frobnicate"}, {"count"}, {"count", "a", "b"}, {"count", "-nope", "a"}} {
		got := run("", args...)
		if got.code != exitUsage || got.out != "" || !strings.Contains(got.err, "Usage:") {
			t.Errorf("%q: got %+v", args, got)
		}
	}
}

func TestPrintsHelpAndVersion(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"count", "-h"}} {
		if got := run("", args...); got.code != exitDone || !strings.HasPrefix(got.out, "Usage:") {
			t.Errorf("%q: got %+v", args, got)
		}
	}
	if got := run("", "version"); got.code != exitDone || strings.TrimSpace(got.out) == "" {
		t.Errorf("version: got %+v", got)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFailsWhereTheResultCannotBeWritten(t *testing.T) {
	var err bytes.Buffer
	code := Run([]string{"count", "-"}, Streams{In: strings.NewReader("a"), Out: fullDisk{}, Err: &err})
	if code != exitFailed || !strings.Contains(err.String(), "no space") {
		t.Errorf("got %d, %q", code, err.String())
	}
}
