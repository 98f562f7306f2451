#include "gateway/io/static_files.hpp"

#include <gtest/gtest.h>

namespace fairlead::gateway::io {
namespace {

TEST(StaticFiles, a_target_names_a_file_below_the_root) {
  EXPECT_EQ(file_of_target("/"), "index.html");
  EXPECT_EQ(file_of_target("/chat.js?v=2"), "chat.js");
  EXPECT_EQ(file_of_target("/a/b/"), "a/b/index.html");
  EXPECT_EQ(file_of_target("/two%20words.txt"), "two words.txt");
}

TEST(StaticFiles, nothing_outside_of_the_root_and_nothing_hidden_has_a_name) {
  for (const char* target :
       {"",          "x",           "..",    "/..",  "/../x",        "/a/../x",      "/a/..",
        "/%2e%2e/x", "/%2E%2E%2fx", "/a//b", "/./x", "/.git/config", "/a%00b",       "/a%0ab",
        "/a\\..\\b", "/a%5c..",     "/%",    "/%2",  "/%zz",         "//etc/passwd", "http://x/"}) {
    EXPECT_EQ(file_of_target(target), std::nullopt) << target;
  }
}

TEST(StaticFiles, content_types_follow_the_ending) {
  EXPECT_EQ(content_type_of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("a.b/c"), "application/octet-stream");
}

TEST(StaticFiles, without_a_root_there_are_none) {
  EXPECT_TRUE(StaticFiles("").respond("GET", "/etc/passwd").starts_with("HTTP/1.1 404"));
}

}  // namespace
}  // namespace fairlead::gateway::io
