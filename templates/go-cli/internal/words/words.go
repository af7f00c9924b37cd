// Package words is an example: replace it by the first real piece of work.
package words

import (
	"bufio"
	"io"
	"unicode"
)

// Count returns the number of words in a UTF-8 text: runs of anything but white space.
func Count(text io.Reader) (int, error) {
	reader := bufio.NewReader(text)
	number, inWord := 0, false
	for {
		char, _, err := reader.ReadRune()
		if err == io.EOF {
			return number, nil
		}
		if err != nil {
			return 0, err
		}
		if unicode.IsSpace(char) {
			inWord = false
		} else if !inWord {
			inWord = true
			number++
		}
	}
}
