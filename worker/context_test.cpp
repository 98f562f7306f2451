#include "worker/context.hpp"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/limits.hpp"
#include "worker/test_context.hpp"

namespace fairlead::worker {
namespace {

using schemas::Effect;
using schemas::Scope;
using testing::ElementsAre;

const ClientId me = TestContext::me;
const ClientId other{.gateway = {1}, .counter = 2};

template <class Thrown, class Act>
std::string thrown_by(const Act& act) {
  try {
    act();
  } catch (const Thrown& thrown) {
    return thrown.what();
  }
  return "nothing was thrown";
}

TEST(Context, tells_of_its_event) {
  TestContext t;
  EXPECT_EQ(t.ctx.client(), me);
  EXPECT_EQ(t.ctx.seq(), 2U);
  EXPECT_EQ(t.ctx.attempt(), 2U);
  EXPECT_EQ(t.ctx.peer(), "192.0.2.7:5123");
  EXPECT_EQ(t.ctx.gateway(), "g1");
  EXPECT_TRUE(t.ctx.store().set("k", "v"));
  t.ctx.progress();
  EXPECT_EQ(t.queries.progressed, 1);
}

TEST(Context, replies_as_the_message_came) {
  TestContext text;
  text.ctx.reply("a");
  text.ctx.reply_binary("b");
  EXPECT_THAT(text.events.take_effects(),
              ElementsAre(Effect(schemas::Send{.clients = {me}, .payload = "a"}),
                          Effect(schemas::Send{.clients = {me}, .payload = "b", .binary = true})));
  TestContext binary({.seq = 2, .binary = true, .payload = "hi"});
  binary.ctx.reply("a");
  binary.ctx.reply_text("b");
  EXPECT_THAT(binary.events.take_effects(),
              ElementsAre(Effect(schemas::Send{.clients = {me}, .payload = "a", .binary = true}),
                          Effect(schemas::Send{.clients = {me}, .payload = "b"})));
}

TEST(Context, collects_effects_in_their_order) {
  TestContext t;
  t.ctx.send_to_all("1", {.except = {other}});
  t.ctx.send_to_client(other, "2");
  t.ctx.send_to_uids({"7", "8"}, "3", {.except = {me}, .binary = true});
  t.ctx.send_to_group("g", "4");
  t.ctx.bind_uid("7");
  t.ctx.unbind_uid(other);
  t.ctx.join_group(other, "g");
  t.ctx.leave_group("g");
  t.ctx.ungroup("h");
  t.ctx.set_session("s");
  t.ctx.compare_and_set_session(other, 3, "t");
  t.ctx.close("bye");
  t.ctx.destroy_client(other);
  EXPECT_THAT(
      t.events.take_effects(),
      ElementsAre(Effect(schemas::Send{.scope = Scope::all, .except = {other}, .payload = "1"}),
                  Effect(schemas::Send{.clients = {other}, .payload = "2"}),
                  Effect(schemas::Send{
                      .scope = Scope::uids, .names = {"7", "8"}, .except = {me}, .payload = "3", .binary = true}),
                  Effect(schemas::Send{.scope = Scope::groups, .names = {"g"}, .payload = "4"}),
                  Effect(schemas::Bind{me, "7"}), Effect(schemas::Bind{other, std::nullopt}),
                  Effect(schemas::Join{other, "g"}), Effect(schemas::Leave{me, "g"}), Effect(schemas::Ungroup{"h"}),
                  Effect(schemas::SetSession{me, 0, "s"}), Effect(schemas::SetSession{other, 3, "t"}),
                  Effect(schemas::CloseClient{.client = me, .last = "bye"}),
                  Effect(schemas::CloseClient{.client = other, .now = true})));
}

TEST(Context, an_empty_only_is_nobody_and_a_listed_one_is_nobody_else) {
  TestContext t;
  t.ctx.send_to_all("x", {.only = std::vector<ClientId>{}});
  t.ctx.send_to_all("y", {.only = std::vector<ClientId>{other, me}, .except = {me}});
  EXPECT_THAT(t.events.take_effects(),
              ElementsAre(Effect(schemas::Send{.clients = {other, me}, .except = {me}, .payload = "y"})));
}

TEST(Context, sees_its_own_effects_on_its_own_client) {
  TestContext t;
  t.ctx.set_session("one");
  EXPECT_EQ(t.ctx.session(), "one");
  EXPECT_EQ(t.ctx.session_version(), 1U);
  t.ctx.bind_uid("7");
  t.ctx.join_group("g");
  EXPECT_EQ(t.ctx.uid(), "7");
  EXPECT_THAT(t.ctx.groups(), ElementsAre("g"));
}

TEST(Context, refuses_names_that_the_bus_cannot_carry) {
  TestContext t;
  EXPECT_EQ(thrown_by<std::invalid_argument>([&] { t.ctx.bind_uid(""); }), "a uid is empty");
  EXPECT_THAT(thrown_by<std::length_error>([&] { t.ctx.join_group(std::string(129, 'g')); }),
              testing::StartsWith("a group has 129 bytes; at most 128 are allowed: ggg"));
  EXPECT_THROW(t.ctx.send_to_uids({"7", ""}, "x"), std::invalid_argument);
  EXPECT_THROW(t.ctx.set_session(std::string(schemas::max_session + 1, 's')), std::length_error);
  EXPECT_NO_THROW(t.ctx.bind_uid(std::string(128, 'u')));
  EXPECT_EQ(t.events.take_effects().size(), 1U);
}

TEST(Context, an_outcome_ends_at_256_effects) {
  TestContext t;
  for (std::size_t i = 0; i < schemas::max_effects; ++i) t.ctx.reply("x");
  EXPECT_EQ(thrown_by<std::length_error>([&] { t.ctx.reply("x"); }),
            "an outcome has at most 256 effects: send to a list or to a group");
}

TEST(Context, one_full_payload_fits_and_a_second_does_not) {
  TestContext t;
  const std::string full(schemas::max_payload, 'x');
  EXPECT_THROW(t.ctx.reply(full + "x"), std::length_error);
  t.ctx.reply("before");
  t.ctx.reply(full);
  EXPECT_THROW(t.ctx.reply(full), std::length_error);
  t.ctx.reply("after");
  EXPECT_EQ(t.events.take_effects().size(), 3U);
}

TEST(Context, a_client_joins_1024_groups_at_most) {
  TestContext t;
  for (std::size_t i = 0; i < schemas::max_groups; ++i) t.own.groups.push_back("g" + std::to_string(i));
  EXPECT_NO_THROW(t.ctx.join_group("g0"));
  EXPECT_THROW(t.ctx.join_group("one more"), std::length_error);
}

TEST(Context, a_query_goes_on_until_the_last_page) {
  TestContext t;
  t.queries.answers = {{.complete = true, .items = {"7", "8"}, .next = "c"}, {.complete = true, .items = {"9"}}};
  auto uids = t.ctx.all_uids().value();
  EXPECT_THAT(uids.value, ElementsAre("7", "8", "9"));
  EXPECT_TRUE(uids.complete);
  EXPECT_EQ(t.queries.asked[0].cursor, "");
  EXPECT_EQ(t.queries.asked[1].cursor, "c");
}

TEST(Context, a_query_is_complete_only_if_every_page_is) {
  TestContext t;
  t.queries.answers = {{.complete = false, .items = {me.encode()}, .next = "c"},
                       {.complete = true, .items = {other.encode()}}};
  auto clients = t.ctx.clients_in_group("g").value();
  EXPECT_THAT(clients.value, ElementsAre(me, other));
  EXPECT_FALSE(clients.complete);
  EXPECT_THAT(t.queries.asked[0].names, ElementsAre("g"));
}

TEST(Context, answers_one_thing_when_asked_for_one) {
  TestContext t;
  t.queries.answers = {{.complete = true, .items = {me.encode()}},
                       {.complete = false},
                       {.complete = true, .items = {me.encode(), "7"}},
                       {.complete = true, .items = {"12"}},
                       {.complete = true, .items = {me.encode(), "7", "3", "s"}}};
  EXPECT_TRUE(t.ctx.is_online(me)->value);
  const auto uid_online = t.ctx.is_uid_online("7").value();
  EXPECT_FALSE(uid_online.value);
  EXPECT_FALSE(uid_online.complete);
  EXPECT_EQ(t.ctx.uid_of(me)->value, "7");
  EXPECT_EQ(t.ctx.client_count()->value, 12U);
  const auto session = t.ctx.session_of(me)->value;
  ASSERT_TRUE(session);
  EXPECT_EQ(session->version, 3U);
  EXPECT_EQ(session->session, "s");
}

TEST(Context, a_query_without_answer_is_an_error_not_an_exception) {
  TestContext t;
  EXPECT_FALSE(t.ctx.all_clients());
  EXPECT_FALSE(t.ctx.is_uid_online("7"));
  EXPECT_FALSE(t.ctx.uid_count("g"));
  EXPECT_FALSE(t.ctx.sessions());
}

TEST(Context, an_answer_that_makes_no_sense_is_an_error) {
  TestContext t;
  t.queries.answers = {{.complete = true, .items = {"not an id"}},
                       {.complete = true, .items = {"many"}},
                       {.complete = true, .items = {me.encode(), "7", "3"}}};
  EXPECT_FALSE(t.ctx.all_clients());
  EXPECT_FALSE(t.ctx.client_count());
  EXPECT_FALSE(t.ctx.sessions());
}

}  // namespace
TEST(Context, the_client_s_own_session_is_set_only_if_nobody_else_has_set_it_meanwhile) {
  TestContext t;
  t.own.session_version = 4;
  t.ctx.set_session("a");
  t.ctx.set_session("b");
  t.ctx.set_session(other, "c");
  EXPECT_THAT(t.events.take_effects(),
              ElementsAre(Effect(schemas::SetSession{.client = me, .expected = 4, .session = "a"}),
                          Effect(schemas::SetSession{.client = me, .expected = 5, .session = "b"}),
                          Effect(schemas::SetSession{.client = other, .session = "c"})));
}

TEST(Context, an_update_of_a_session_is_made_of_what_the_broker_has_now) {
  TestContext t;
  t.own.session = "1";
  const auto grow = [](std::string_view session) { return std::string(session) + "+"; };
  EXPECT_TRUE(t.ctx.update_session(me, grow).value());
  t.queries.answers = {{.complete = true, .items = {other.encode(), "", "7", "x"}}, {.complete = true}};
  EXPECT_TRUE(t.ctx.update_session(other, grow).value());
  EXPECT_FALSE(t.ctx.update_session(other, grow).value()) << "it is not online";
  EXPECT_FALSE(t.ctx.update_session(other, grow)) << "nobody answers";
  EXPECT_THAT(t.events.take_effects(),
              ElementsAre(Effect(schemas::SetSession{.client = me, .expected = 0, .session = "1+"}),
                          Effect(schemas::SetSession{.client = other, .expected = 7, .session = "x+"})));
}

TEST(Context, a_second_update_of_a_session_goes_on_from_the_first) {
  TestContext t;
  const auto grow = [](std::string_view session) { return std::string(session) + "+"; };
  const schemas::Answer now{.complete = true, .items = {other.encode(), "", "7", "x"}};
  t.queries.answers = {now, now, now};
  EXPECT_TRUE(t.ctx.update_session(other, grow).value());
  EXPECT_TRUE(t.ctx.update_session(other, grow).value());
  t.ctx.set_session(other, "y");
  EXPECT_TRUE(t.ctx.update_session(other, grow).value());
  EXPECT_THAT(t.events.take_effects(),
              ElementsAre(Effect(schemas::SetSession{.client = other, .expected = 7, .session = "x+"}),
                          Effect(schemas::SetSession{.client = other, .expected = 8, .session = "x++"}),
                          Effect(schemas::SetSession{.client = other, .session = "y"}),
                          Effect(schemas::SetSession{.client = other, .expected = 10, .session = "y+"})));
}

TEST(Context, timers_uids_and_watched_groups_become_effects) {
  TestContext t;
  t.ctx.after(5s, "t", "x");
  t.ctx.set_timer(other, "t", -1ms);
  t.ctx.cancel_timer("t");
  t.ctx.close_uid("7", "bye");
  t.ctx.join_group("g", {.watch = true});
  EXPECT_THROW(t.ctx.after(1s, ""), std::invalid_argument);
  EXPECT_THAT(t.events.take_effects(),
              ElementsAre(Effect(schemas::SetTimer{.client = me, .name = "t", .after = 5000, .payload = "x"}),
                          Effect(schemas::SetTimer{.client = other, .name = "t", .after = 0}),
                          Effect(schemas::SetTimer{.client = me, .name = "t"}),
                          Effect(schemas::CloseUid{.uid = "7", .last = "bye"}),
                          Effect(schemas::Join{.client = me, .group = "g", .watch = true})));
}

TEST(Context, tells_who_is_in_a_group) {
  TestContext t;
  t.queries.answers = {{.complete = true, .items = {me.encode(), "7", "1", "", other.encode(), "", "0", ""}}};
  const auto members = t.ctx.group_members("g").value();
  EXPECT_THAT(members.value, ElementsAre(testing::Pair(me, "7"), testing::Pair(other, std::nullopt)));
}

}  // namespace fairlead::worker
