#include "words.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace {

std::size_t count(const std::string& text) {
    std::istringstream stream(text);
    return words::count(stream);
}

TEST(Words, AreRunsOfAnythingButWhiteSpace) {
    EXPECT_EQ(count(" so much\ndepends  upon "), 4U);
    EXPECT_EQ(count("one"), 1U);
    EXPECT_EQ(count("na\xc3\xafve"), 1U);
}

TEST(Words, AreNotInAnEmptyText) {
    EXPECT_EQ(count(""), 0U);
    EXPECT_EQ(count(" \t\r\n"), 0U);
}

TEST(Words, MayBeLong) {
    EXPECT_EQ(count(std::string(1'000'000, 'a')), 1U);
}

} // namespace
