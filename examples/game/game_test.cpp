#include "examples/game/game.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "fairlead/rehearsal.hpp"

namespace game {
namespace {

using fairlead::ClientId;
using fairlead::Rehearsal;
using nlohmann::json;
using testing::HasSubstr;

// ---- the rules

Present present(std::int64_t number, Heading heading) {
  return {.key = "k" + std::to_string(number), .number = number, .heading = heading, .name = "n n"};
}

Arena with(std::string_view lines) { return Arena("7 99\n" + std::string(lines)); }

TEST(Arena, is_the_same_after_it_was_written_down) {
  Arena arena(5);
  arena.step({present(1, Heading::left), present(2, Heading::none)});
  arena.step({present(1, Heading::left)});
  EXPECT_EQ(Arena(arena.text()).text(), arena.text());
  EXPECT_EQ(Arena(arena.text()).json(), arena.json());
  EXPECT_EQ(arena.dots().size(), dots_wanted);
  EXPECT_EQ(json::parse(arena.json())["players"].size(), 2U);
}

TEST(Arena, the_same_arena_goes_on_the_same_way) {
  Arena one(5);
  Arena other(5);
  for (int i = 0; i < 100; ++i) {
    const auto heading = heading_of("lrud"[i % 4]);
    one.step({present(1, heading), present(2, Heading::left)});
    other = Arena(other.text());
    other.step({present(1, heading), present(2, Heading::left)});
  }
  EXPECT_EQ(one.text(), other.text());
}

TEST(Arena, players_go_where_they_are_heading_and_come_in_at_the_other_edge) {
  Arena arena = with("player k1 1 0 0 - 0 0 0 n\n");
  arena.step({present(1, Heading::left)});
  EXPECT_EQ(arena.find("k1")->x, width - 1);
  arena.step({present(1, Heading::up)});
  EXPECT_EQ(arena.find("k1")->y, height - 1);
  arena.step({present(1, Heading::right)});
  arena.step({present(1, Heading::down)});
  EXPECT_EQ(arena.find("k1")->x, 0);
  EXPECT_EQ(arena.find("k1")->y, 0);
  arena.step({present(1, Heading::none)});
  EXPECT_EQ(arena.find("k1")->x, 0);
}

TEST(Arena, a_cell_holds_one_player) {
  Arena arena = with("player k1 1 5 5 - 0 0 0 n\nplayer k2 2 6 5 - 0 0 0 n\n");
  arena.step({present(1, Heading::right), present(2, Heading::left)});
  EXPECT_EQ(arena.find("k1")->x, 5);
  EXPECT_EQ(arena.find("k2")->x, 6);
}

TEST(Arena, dots_are_eaten_and_grow_again) {
  Arena arena = with("dot 6 5 1\ndot 7 5 5\nplayer k1 1 5 5 - 0 0 0 n\n");
  arena.step({present(1, Heading::right)});
  EXPECT_EQ(arena.find("k1")->score, 1);
  arena.step({present(1, Heading::right)});
  EXPECT_GE(arena.find("k1")->score, 6);
  EXPECT_EQ(arena.dots().size(), dots_wanted);
}

TEST(Arena, enough_points_are_a_crown_and_all_begin_again) {
  Arena arena = with("dot 6 5 1\nplayer k1 1 5 5 - 29 0 0 n\nplayer k2 2 9 9 - 12 1 0 n\n");
  arena.step({present(1, Heading::right), present(2, Heading::none)});
  EXPECT_EQ(arena.find("k1")->crowns, 1);
  EXPECT_EQ(arena.find("k1")->score, 0);
  EXPECT_EQ(arena.find("k2")->crowns, 1);
  EXPECT_EQ(arena.find("k2")->score, 0);
}

TEST(Arena, who_lost_the_connection_is_kept_for_a_while_and_stands_still) {
  Arena arena = with("player k1 1 5 5 l 3 0 0 n\n");
  for (int i = 0; i < patience; ++i) arena.step({});
  ASSERT_NE(arena.find("k1"), nullptr);
  EXPECT_EQ(arena.find("k1")->x, 5);
  EXPECT_THAT(arena.json(), HasSubstr(R"("away":true)"));
  arena.step({present(1, Heading::none)});
  EXPECT_EQ(arena.find("k1")->away, 0);
  EXPECT_GE(arena.find("k1")->score, 3);
  for (int i = 0; i <= patience; ++i) arena.step({});
  EXPECT_EQ(arena.find("k1"), nullptr);
}

// ---- the room

struct GameTest : testing::Test {
  ClientId enter(const std::string& name, const std::string& me = "", const std::string& room = "pond") {
    const ClientId id = bus.open({.query = {{"room", room}, {"name", name}, {"me", me}}});
    numbers[id] = json::parse(bus.heard(id).at(0)).at("you").get<int>();
    return id;
  }

  // The store's time goes along.
  void pass(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 50ms) {
      wall += 50ms;
      bus.pass(50ms);
      ASSERT_EQ(bus.failure(), std::nullopt);
    }
  }

  // All steps that the client has seen since the last call.
  std::vector<json> steps(ClientId id) {
    std::vector<json> seen;
    for (const auto& heard : bus.heard(id)) {
      if (json said = json::parse(heard); said.contains("step")) seen.push_back(std::move(said));
    }
    return seen;
  }

  json player(const json& step, ClientId id) {
    for (const auto& each : step.at("players")) {
      if (each.at("number") == numbers.at(id)) return each;
    }
    return {};
  }

  void expect_each_step_once(const std::vector<json>& seen) {
    for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_EQ(seen[i]["step"], seen[i - 1]["step"].get<int>() + 1);
  }

  Game game;
  fairlead::WallTime wall{};
  std::shared_ptr<fairlead::Store> store = fairlead::open_store("memory:", [this] { return wall; }).value();
  Rehearsal bus{game, store};
  std::map<ClientId, int> numbers;
};

TEST_F(GameTest, a_room_steps_ten_times_a_second_for_all_of_its_members_whoever_they_are) {
  const ClientId ann = enter("Ann");
  const ClientId bob = enter("Bob");
  const ClientId eve = enter("Eve", "", "elsewhere");
  pass(1s);
  const auto seen = steps(ann);
  EXPECT_GE(seen.size(), 10U);
  EXPECT_LE(seen.size(), 11U);
  expect_each_step_once(seen);
  EXPECT_EQ(seen, steps(bob));
  EXPECT_EQ(player(seen.back(), bob)["name"], "Bob");
  EXPECT_TRUE(player(steps(eve).back(), bob).is_null());
}

TEST_F(GameTest, players_see_each_other_move) {
  const ClientId ann = enter("Ann");
  const ClientId bob = enter("Bob");
  pass(200ms);
  const auto before = player(steps(bob).back(), ann);
  bus.say(ann, "go left");
  pass(300ms);
  const auto after = player(steps(bob).back(), ann);
  EXPECT_EQ((before["x"].get<int>() - after["x"].get<int>() + width) % width, 3);
  EXPECT_EQ(before["y"], after["y"]);
  bus.say(ann, "go stop");
  bus.say(ann, "name Anne \"}<b>");
  pass(100ms);
  EXPECT_EQ(player(steps(bob).back(), ann)["name"], "Anne b");
}

TEST_F(GameTest, a_keeper_that_leaves_hands_over_at_once) {
  const ClientId ann = enter("Ann");
  const ClientId bob = enter("Bob");
  pass(500ms);
  bus.leave(ann);
  pass(500ms);
  const auto seen = steps(bob);
  EXPECT_GE(seen.size(), 9U);
  expect_each_step_once(seen);
  EXPECT_EQ(player(seen.back(), ann)["away"], true);
}

TEST_F(GameTest, a_keeper_that_vanishes_is_replaced_when_its_lease_runs_out) {
  const ClientId ann = enter("Ann");
  const ClientId bob = enter("Bob");
  pass(500ms);
  ASSERT_TRUE(store->set("keeper:arena:pond", "somebody who is gone", lease));  // what Ann's next step finds
  steps(bob);
  pass(200ms);
  EXPECT_EQ(steps(bob).size(), 0U);
  pass(lease + look_every);
  EXPECT_GE(steps(bob).size(), 5U);
  expect_each_step_once(steps(ann));
}

TEST_F(GameTest, a_step_that_was_taken_before_its_worker_died_is_not_taken_again) {
  const ClientId ann = enter("Ann");
  pass(300ms);
  const auto last = steps(ann).back()["step"].get<int>();
  // The attempt that died had got as far as this.
  Arena arena(*store->get("arena:pond").value());
  arena.step({});
  ASSERT_TRUE(store->set("arena:pond", arena.text()));
  pass(100ms);
  EXPECT_EQ(steps(ann).back()["step"], last + 1);
}

TEST_F(GameTest, a_page_that_comes_back_finds_its_player_again) {
  const std::string token = "0123456789abcdef";
  const ClientId ann = enter("Ann", token);
  const ClientId bob = enter("Bob");
  pass(300ms);
  const ClientId again = enter("Ann", token);
  EXPECT_FALSE(bus.is_open(ann));
  EXPECT_EQ(bus.heard(ann).back(), R"({"replaced":true})");
  EXPECT_EQ(numbers[again], numbers[ann]);
  pass(300ms);
  const auto seen = steps(bob);
  expect_each_step_once(seen);
  EXPECT_EQ(seen.back()["players"].size(), 2U);
  EXPECT_EQ(player(seen.back(), again)["away"], false);
}

TEST_F(GameTest, a_room_waits_while_the_broker_cannot_say_who_is_there) {
  const ClientId ann = enter("Ann");
  pass(300ms);
  steps(ann);
  bus.lose_the_broker();
  pass(300ms);
  EXPECT_EQ(steps(ann).size(), 0U);
}

TEST_F(GameTest, whoever_asks_for_nonsense_is_told_so) {
  const ClientId user = bus.open();
  for (const char* line : {"go left", "enter", "enter a/b Ann", "jump"}) {
    bus.say(user, line);
    EXPECT_THAT(bus.heard(user).at(0), HasSubstr("error")) << line;
  }
  bus.say(user, "enter pond");
  EXPECT_THAT(bus.heard(user).at(0), HasSubstr("you"));
  bus.say(user, "enter pond");
  EXPECT_THAT(bus.heard(user).at(0), HasSubstr("already"));
  for (std::size_t i = 1; i < max_players; ++i) enter("x");
  bus.say(bus.open(), "enter pond");
  const ClientId late = bus.open({.query = {{"room", "pond"}}});
  EXPECT_THAT(bus.heard(late).at(0), HasSubstr("full"));
}

}  // namespace
}  // namespace game
