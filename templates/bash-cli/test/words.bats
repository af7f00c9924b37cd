#!/usr/bin/env bats

setup() {
  load ../lib/words.bash
}

@test "there are no words in nothing" {
  [ "$(count_words </dev/null)" = 0 ]
  [ "$(printf ' \n\t' | count_words)" = 0 ]
}

@test "words are runs of anything but white space" {
  [ "$(printf ' so much\ndepends  upon ' | count_words)" = 4 ]
  [ "$(printf 'one' | count_words)" = 1 ]
}
