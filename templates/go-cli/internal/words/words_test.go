package words

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestCount(t *testing.T) {
	for text, want := range map[string]int{
		"":                          0,
		" \n\t":                     0,
		"one":                       1,
		" so much\ndepends  upon ":  4,
		"naïve\u00a0façade":         2,
		strings.Repeat("a", 100000): 1,
	} {
		if got, err := Count(strings.NewReader(text)); err != nil || got != want {
			t.Errorf("Count(%.20q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestCountSaysThatReadingFailed(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Count(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
