# An example: replace it by the first real piece of work. To be sourced; it runs nothing by itself.
# shellcheck shell=bash

# count_words: prints the number of words of standard input, runs of anything but white space.
count_words() {
  local number
  number=$(wc -w)
  # Some systems' wc puts blanks before the number.
  printf '%d\n' "$number"
}
