#pragma once

#include <cstddef>
#include <istream>

// An example: replace it by the first real piece of work.
namespace words {

// The number of words in a text: runs of anything but ASCII white space. Reads to the end, or until the stream fails.
[[nodiscard]] std::size_t count(std::istream& text);

} // namespace words
