#include "words.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

namespace {

constexpr int usage_error = 2;

constexpr std::string_view usage = R"(Usage: count FILE

Commands:
  count FILE   count the words of a file, or of standard input (-)
  help         print this text
)";

int count(std::string_view name) {
    std::ifstream file;
    if (name != "-") {
        file.open(std::string(name), std::ios::binary);
    }
    std::istream& text = name == "-" ? std::cin : file;
    const std::size_t number = words::count(text);
    if (text.bad() || (name != "-" && !file.is_open())) {
        std::cerr << "cannot read " << name << '\n';
        return EXIT_FAILURE;
    }
    std::cout << number << std::endl;
    return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
    const auto args = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
    if (args.size() == 2 && std::string_view(args[0]) == "count") {
        return count(args[1]);
    }
    if (args.size() == 1 && std::string_view(args[0]) == "help") {
        std::cout << usage;
        return EXIT_SUCCESS;
    }
    std::cerr << usage;
    return usage_error;
}
