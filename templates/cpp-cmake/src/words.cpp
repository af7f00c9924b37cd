#include "words.hpp"

#include <string_view>

namespace words {

std::size_t count(std::istream& text) {
    constexpr std::string_view white_space = " \t\n\v\f\r";
    std::size_t number = 0;
    bool in_word = false;
    for (char next = 0; text.get(next);) {
        const bool is_space = white_space.find(next) != std::string_view::npos;
        if (!is_space && !in_word) {
            ++number;
        }
        in_word = !is_space;
    }
    return number;
}

} // namespace words
