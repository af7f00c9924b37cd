// Package greeting is an example of what the service is about, free of HTTP: replace it by the first real subject.
package greeting

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const maxNameRunes = 100

// For returns the greeting of a person.
func For(name string) (string, error) {
	name = strings.TrimSpace(name)
	if length := utf8.RuneCountInString(name); length == 0 || length > maxNameRunes {
		return "", fmt.Errorf("it must have 1 to %d characters, not %d", maxNameRunes, length)
	}
	return "Hello, " + name + "!", nil
}
