#include "tools/ctl/show.hpp"

#include <gtest/gtest.h>

namespace fairlead::ctl {
namespace {

std::string shown(const char* json) { return show(nlohmann::ordered_json::parse(json)); }

}  // namespace

TEST(Show, a_list_is_a_table_with_numbers_to_the_right) {
  EXPECT_EQ(shown(R"({"ok":true,"workers":[{"worker":"w1","units":5,"silent":0.2504},
                                           {"worker":"händler","units":120,"silent":75.2}]})"),
            "WORKER   UNITS  SILENT\n"
            "w1           5   250ms\n"
            "händler    120     75s\n");
}

TEST(Show, nothing_is_none_and_more_is_told) {
  EXPECT_EQ(shown(R"({"ok":true,"dead_letters":[],"total":0})"), "none\n");
  EXPECT_EQ(shown(R"({"ok":true,"groups":[{"group":"a","clients":1}],"next":"a"})"),
            "GROUP  CLIENTS\na            1\nthere are more: --after a\n");
}

TEST(Show, a_thing_is_lines) {
  EXPECT_EQ(shown(R"({"ok":true,"client":{"uid":null,"groups":["a","b"],"online":true,"payload":"x\ny"}})"),
            "uid      -\ngroups   a, b\nonline   yes\npayload  x\\x0ay\n");
  EXPECT_EQ(shown(R"({"ok":true,"pid":7,"dead_letters_dropped":0,"counters":{"events":3}})"),
            "pid                   7\ndead letters dropped  0\ncounters\n  events  3\n");
}

}  // namespace fairlead::ctl
