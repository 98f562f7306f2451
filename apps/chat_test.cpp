#include "apps/chat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "fairlead/rehearsal.hpp"

#include "store/memory_store.hpp"

namespace fairlead::apps {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct ChatTest : testing::Test {
  // From here on, only what is new counts.
  void settle() {
    for (std::uint64_t i = 1; i <= 3; ++i) {
      const ClientId id{.gateway = {0xfa17}, .counter = i};
      if (i <= opened) bus.heard(id);
    }
  }
  ClientId open() {
    ++opened;
    return bus.open();
  }
  std::string only_heard(ClientId client) {
    const auto heard = bus.heard(client);
    return heard.size() == 1 ? heard.front() : std::to_string(heard.size()) + " messages";
  }

  Chat chat;
  std::shared_ptr<Store> store = std::make_shared<store::MemoryStore>([] { return WallTime{}; });
  Rehearsal bus{chat, store};
  std::uint64_t opened = 0;
};

TEST_F(ChatTest, whoever_comes_is_welcomed_and_announced) {
  const ClientId ann = open();
  EXPECT_THAT(bus.heard(ann), ElementsAre(R"({"type":"welcome","uid":1,"online":0,"complete":true,"users":[]})"));
  bus.say(ann, "/name Ann");
  bus.heard(ann);
  const ClientId bob = open();
  EXPECT_THAT(bus.heard(bob),
              ElementsAre(R"({"type":"welcome","uid":2,"online":1,"complete":true,"users":[{"uid":1,"name":"Ann"}]})"));
  EXPECT_THAT(bus.heard(ann), ElementsAre(R"({"type":"come","uid":2})"));
}

struct TwoTest : ChatTest {
  TwoTest() { settle(); }  // after the members below have come

  ClientId ann = open();
  ClientId bob = open();
};

TEST_F(TwoTest, a_line_goes_to_everybody_and_to_its_sender_once) {
  bus.say(ann, "hello \"all\"");
  const std::string said = R"({"type":"say","from":1,"to":"all","text":"hello \"all\""})";
  EXPECT_THAT(bus.heard(ann), ElementsAre(said));
  EXPECT_THAT(bus.heard(bob), ElementsAre(said));
}

TEST_F(TwoTest, a_private_line_goes_to_one_user_and_back_to_its_sender) {
  const ClientId eve = open();
  settle();
  bus.say(ann, "2:psst");
  const std::string said = R"({"type":"say","from":1,"to":2,"text":"psst"})";
  EXPECT_THAT(bus.heard(ann), ElementsAre(said));
  EXPECT_THAT(bus.heard(bob), ElementsAre(said));
  EXPECT_THAT(bus.heard(eve), IsEmpty());
  bus.say(ann, "1:note to self");
  EXPECT_THAT(bus.heard(ann), ElementsAre(R"({"type":"say","from":1,"to":1,"text":"note to self"})"));
}

TEST_F(TwoTest, a_private_line_to_nobody_is_an_error_only_if_that_is_certain) {
  bus.say(ann, "99:psst");
  EXPECT_THAT(bus.heard(ann), ElementsAre(R"({"type":"error","text":"there is no user 99"})"));
  const std::string said = R"({"type":"say","from":1,"to":99,"text":"psst"})";
  bus.lose_a_gateway();
  bus.say(ann, "99:psst");
  EXPECT_THAT(bus.heard(ann), ElementsAre(said));
  bus.lose_the_broker();
  bus.say(ann, "99:psst");
  EXPECT_THAT(bus.heard(ann), ElementsAre(said));
}

TEST_F(TwoTest, a_room_hears_what_is_said_in_it) {
  bus.say(ann, "/join tea");
  EXPECT_THAT(bus.heard(ann), ElementsAre(R"({"type":"join","uid":1,"room":"#tea"})"));
  bus.say(ann, "/tea milk?");
  EXPECT_THAT(bus.heard(ann), ElementsAre(R"({"type":"say","from":1,"to":"#tea","text":"milk?"})"));
  EXPECT_THAT(bus.heard(bob), IsEmpty());
  bus.say(bob, "/join tea");
  EXPECT_THAT(bus.heard(ann), ElementsAre(R"({"type":"join","uid":2,"room":"#tea"})"));
  bus.say(bob, "/leave tea");
  EXPECT_THAT(bus.heard(ann), ElementsAre(R"({"type":"part","uid":2,"room":"#tea"})"));
  EXPECT_EQ(bus.heard(bob).size(), 2U);
  bus.say(ann, "/tea alone");
  EXPECT_THAT(bus.heard(bob), IsEmpty());
}

TEST_F(TwoTest, a_room_is_for_those_who_joined_it) {
  bus.say(ann, "/tea milk?");
  EXPECT_EQ(only_heard(ann), R"({"type":"error","text":"you are not in #tea: type /join tea first"})");
  bus.say(ann, "/leave tea");
  EXPECT_EQ(only_heard(ann), R"({"type":"error","text":"you are not in #tea"})");
  bus.say(ann, "/join tea");
  bus.heard(ann);
  bus.say(ann, "/join tea");
  EXPECT_EQ(only_heard(ann), R"({"type":"error","text":"you are in #tea already"})");
  for (std::size_t i = 1; i < Chat::max_rooms; ++i) bus.say(ann, "/join r" + std::to_string(i));
  bus.heard(ann);
  bus.say(ann, "/join more");
  EXPECT_EQ(only_heard(ann), R"({"type":"error","text":"you are in 50 rooms: leave one first"})");
}

TEST_F(TwoTest, a_name_is_told_and_travels_with_what_its_user_says) {
  bus.say(ann, "/name Ann");
  EXPECT_EQ(only_heard(bob), R"({"type":"name","uid":1,"name":"Ann"})");
  bus.say(ann, "hi");
  EXPECT_EQ(only_heard(bob), R"({"type":"say","from":1,"name":"Ann","to":"all","text":"hi"})");
  bus.say(ann, "/name Anne");
  EXPECT_EQ(only_heard(bob), R"({"type":"name","uid":1,"name":"Anne","was":"Ann"})");
  bus.heard(ann);
  bus.say(ann, "/name Anne");
  EXPECT_EQ(only_heard(ann), R"({"type":"error","text":"that is your name already"})");
  bus.leave(ann);
  EXPECT_EQ(only_heard(bob), R"({"type":"leave","uid":1,"name":"Anne"})");
}

TEST_F(TwoTest, who_lists_users_by_number_and_says_whether_that_is_all) {
  bus.say(bob, "/name Bob");
  bus.say(bob, "/join tea");
  settle();
  bus.say(ann, "/who");
  EXPECT_EQ(only_heard(ann), R"({"type":"who","online":2,"complete":true,"users":[{"uid":1},{"uid":2,"name":"Bob"}]})");
  bus.say(ann, "/who tea");
  EXPECT_EQ(only_heard(ann),
            R"({"type":"who","room":"#tea","online":1,"complete":true,"users":[{"uid":2,"name":"Bob"}]})");
  bus.lose_a_gateway();
  bus.say(ann, "/who");
  EXPECT_THAT(only_heard(ann), HasSubstr(R"("complete":false)"));
  bus.lose_the_broker();
  bus.say(ann, "/who");
  EXPECT_THAT(only_heard(ann), HasSubstr(R"({"type":"error","text":"who is there cannot be told now)"));
}

TEST_F(ChatTest, more_users_than_can_be_listed_are_counted) {
  for (std::uint64_t i = 0; i <= Chat::max_listed; ++i) bus.open();
  const auto heard = bus.heard(bus.open());
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0], R"({"type":"welcome","uid":502,"online":501,"complete":true})");
}

TEST_F(TwoTest, help_is_an_object_of_its_own) {
  bus.say(ann, "/help");
  const auto help = json::parse(only_heard(ann));
  EXPECT_EQ(help["type"], "help");
  EXPECT_THAT(help["text"].get<std::string>(), HasSubstr("/join ROOM"));
}

TEST_F(TwoTest, bad_input_is_an_error_to_its_sender_alone) {
  for (const char* bad : {"\xff\xfe", "a\x1b[2J", "", "/", "7:"}) {
    bus.say(ann, bad);
    EXPECT_EQ(json::parse(only_heard(ann))["type"], "error") << bad;
    EXPECT_EQ(bus.failure(), std::nullopt);
  }
  EXPECT_THAT(bus.heard(bob), IsEmpty());
}

TEST_F(TwoTest, a_message_of_the_largest_size_passes_however_it_is_escaped) {
  bus.say(ann, std::string(max_chat_text, '"'));
  EXPECT_EQ(bus.failure(), std::nullopt);
  EXPECT_EQ(json::parse(only_heard(bob))["text"].get<std::string>().size(), max_chat_text);
}

TEST_F(TwoTest, answers_to_a_binary_message_are_text_like_all_of_its_objects) {
  bus.say_binary(ann, "/who");
  EXPECT_FALSE(bus.last_was_binary(ann));
}

TEST_F(ChatTest, whom_the_store_has_no_number_for_stays_and_gets_one_later) {
  const std::string regret =
      R"({"type":"error","text":"no number can be given to you now: say something to try again"})";
  ASSERT_TRUE(store->set("chat:uid", "broken"));
  const ClientId ann = open();
  EXPECT_TRUE(bus.is_open(ann));
  EXPECT_EQ(only_heard(ann), regret);
  bus.say(ann, "hello");
  EXPECT_EQ(only_heard(ann), regret);
  ASSERT_TRUE(store->set("chat:uid", "6"));
  bus.say(ann, "hello");
  EXPECT_THAT(only_heard(ann), HasSubstr(R"({"type":"welcome","uid":7)"));
  bus.say(ann, "hello");
  EXPECT_THAT(only_heard(ann), HasSubstr(R"("from":7)"));
}

TEST_F(ChatTest, a_welcome_does_not_wait_for_a_broker_that_cannot_say_who_is_there) {
  bus.lose_the_broker();
  EXPECT_EQ(only_heard(open()), R"({"type":"welcome","uid":1,"complete":false})");
}

}  // namespace
}  // namespace fairlead::apps
