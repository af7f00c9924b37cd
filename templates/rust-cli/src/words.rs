//! An example: replace it by the first real piece of work.

use std::collections::HashSet;

/// The number of words in a text: runs of anything but white space.
pub fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The number of different words in a text.
pub fn count_unique(text: &str) -> usize {
    text.split_whitespace().collect::<HashSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_words() {
        assert_eq!(count(""), 0);
        assert_eq!(count(" \n\t"), 0);
        assert_eq!(count(" so much\ndepends  upon "), 4);
        assert_eq!(count("naïve\u{a0}façade"), 2);
    }

    #[test]
    fn counts_different_words() {
        assert_eq!(count_unique("a b a\nA"), 3);
    }
}
