package greeting

import (
	"strings"
	"testing"
)

func TestFor(t *testing.T) {
	longest := strings.Repeat("é", maxNameRunes)
	for name, want := range map[string]string{
		"Ada":   "Hello, Ada!",
		" Ada ": "Hello, Ada!",
		longest: "Hello, " + longest + "!",
	} {
		if got, err := For(name); err != nil || got != want {
			t.Errorf("For(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestForRefusesANameOfTheWrongLength(t *testing.T) {
	for _, name := range []string{"", "  ", strings.Repeat("a", maxNameRunes+1)} {
		if got, err := For(name); err == nil {
			t.Errorf("For(%q) = %q, want an error", name, got)
		}
	}
}
