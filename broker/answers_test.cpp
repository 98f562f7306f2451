#include "broker/answers.hpp"

#include <gtest/gtest.h>

namespace fairlead::broker {
namespace {

using schemas::Ask;

ClientId client(std::uint64_t counter) { return {.gateway = {1}, .counter = counter}; }

class AnswersTest : public testing::Test {
 protected:
  Directory directory;

  void SetUp() override {
    for (std::uint64_t c = 1; c <= 5; ++c) {
      directory.add(client(c), {.session_version = c, .session = "s" + std::to_string(c)});
      directory.join(client(c), c % 2 == 1 ? "odd" : "even");
    }
    directory.bind(client(1), "ann");
    directory.bind(client(3), "ann");
    directory.bind(client(2), "bob");
  }
  // All pages of a query, `limit` items at a time.
  std::vector<std::string> all(schemas::Query query, std::uint64_t limit) {
    std::vector<std::string> items;
    query.limit = limit;
    for (int page = 0; page < 100; ++page) {
      const auto got = answer(directory, query, true);
      items.insert(items.end(), got.items.begin(), got.items.end());
      if (got.next.empty()) return items;
      query.cursor = got.next;
    }
    ADD_FAILURE() << "the pages never end";
    return items;
  }
  static std::vector<std::string> ids(std::initializer_list<std::uint64_t> counters) {
    std::vector<std::string> encoded;
    for (const auto c : counters) encoded.push_back(client(c).encode());
    return encoded;
  }
};

}  // namespace

TEST_F(AnswersTest, pages_of_any_size_make_the_same_list) {
  for (std::uint64_t limit : {1U, 2U, 3U, 100U}) {
    EXPECT_EQ(all({.ask = Ask::all_clients}, limit), ids({1, 2, 3, 4, 5}));
    EXPECT_EQ(all({.ask = Ask::all_uids}, limit), (std::vector<std::string>{"ann", "bob"}));
    EXPECT_EQ(all({.ask = Ask::all_groups}, limit), (std::vector<std::string>{"even", "2", "odd", "3"}));
    EXPECT_EQ(all({.ask = Ask::clients_of_groups, .names = {"odd"}}, limit), ids({1, 3, 5}));
    EXPECT_EQ(all({.ask = Ask::uids_of_groups, .names = {"odd", "even"}}, limit),
              (std::vector<std::string>{"ann", "bob"}));
    EXPECT_EQ(all({.ask = Ask::sessions, .names = {"even"}}, limit),
              (std::vector<std::string>{client(2).encode(), "bob", "2", "s2", client(4).encode(), "", "4", "s4"}));
    EXPECT_EQ(all({.ask = Ask::sessions}, limit).size(), 20U);
    EXPECT_EQ(all({.ask = Ask::sessions, .clients = {client(9), client(4), client(1)}}, limit).size(), 8U);
  }
}

TEST_F(AnswersTest, one_client_of_two_named_groups_is_named_once) {
  directory.join(client(1), "even");
  EXPECT_EQ(all({.ask = Ask::clients_of_groups, .names = {"odd", "even"}}, 2), ids({1, 2, 3, 4, 5}));
}

TEST_F(AnswersTest, who_is_asked_about_and_not_there_is_not_in_the_answer) {
  EXPECT_EQ(all({.ask = Ask::clients_online, .clients = {client(9), client(2)}}, 9), ids({2}));
  EXPECT_EQ(all({.ask = Ask::uids_online, .names = {"zoe", "bob"}}, 9), (std::vector<std::string>{"bob"}));
  EXPECT_EQ(all({.ask = Ask::clients_of_uids, .names = {"ann"}}, 1), ids({1, 3}));
  EXPECT_EQ(all({.ask = Ask::uids_of_clients, .clients = {client(4), client(2)}}, 9),
            (std::vector<std::string>{client(2).encode(), "bob"}));
}

TEST_F(AnswersTest, counts) {
  EXPECT_EQ(all({.ask = Ask::count_clients}, 0), (std::vector<std::string>{"5"}));
  EXPECT_EQ(all({.ask = Ask::count_clients, .names = {"odd"}}, 0), (std::vector<std::string>{"3"}));
  EXPECT_EQ(all({.ask = Ask::count_clients, .names = {"none"}}, 0), (std::vector<std::string>{"0"}));
  EXPECT_EQ(all({.ask = Ask::count_uids, .names = {"odd"}}, 0), (std::vector<std::string>{"1"}));
}

TEST_F(AnswersTest, says_whether_it_is_complete) {
  EXPECT_FALSE(answer(directory, {.id = 4, .ask = Ask::all_uids}, false).complete);
  EXPECT_EQ(answer(directory, {.id = 4, .ask = Ask::all_uids}, false).id, 4U);
}

}  // namespace fairlead::broker
