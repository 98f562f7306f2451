#include "worker/paging.hpp"

#include <gtest/gtest.h>

#include "worker/test_context.hpp"

namespace fairlead::worker {
namespace {

Status ignore(std::span<std::string> /*items*/) { return Nothing{}; }

TEST(Paging, a_long_list_is_asked_about_in_parts) {
  ScriptedQueries queries;
  queries.answers = {{.complete = true}, {.complete = false}, {.complete = true}};
  const std::vector<std::string> names(2 * schemas::max_answer_items + 1, "u");
  auto done = gather_about(queries, schemas::Ask::uids_online, names, 1, ignore);
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->complete);
  ASSERT_EQ(queries.asked.size(), 3U);
  EXPECT_EQ(queries.asked[0].names.size(), schemas::max_answer_items);
  EXPECT_EQ(queries.asked[2].names.size(), 1U);
}

TEST(Paging, asking_about_nobody_asks_nobody) {
  ScriptedQueries queries;
  EXPECT_TRUE(gather_about(queries, schemas::Ask::clients_online, std::vector<ClientId>{}, 1, ignore)->complete);
  EXPECT_TRUE(queries.asked.empty());
}

TEST(Paging, an_answer_that_turns_in_circles_ends) {
  ScriptedQueries queries;
  queries.answers = {{.complete = true, .items = {"a"}, .next = "c"}, {.complete = true, .items = {"a"}, .next = "c"}};
  EXPECT_EQ(gather(queries, {.ask = schemas::Ask::all_uids}, 1, ignore).error().message,
            "the broker's answer does not end");
  queries.answers = {{.complete = true, .items = {}, .next = "c"}};
  EXPECT_FALSE(gather(queries, {.ask = schemas::Ask::all_uids}, 1, ignore));
}

TEST(Paging, an_answer_without_measure_ends) {
  ScriptedQueries queries;
  for (int i = 0; i < 300; ++i) {
    queries.answers.push_back(
        {.complete = true, .items = {std::string(std::size_t{1} << 20U, 'x')}, .next = "c" + std::to_string(i)});
  }
  EXPECT_EQ(gather(queries, {.ask = schemas::Ask::sessions}, 1, ignore).error().message,
            "the answer is larger than 256 MiB; ask group by group");
}

}  // namespace
}  // namespace fairlead::worker
