#include "broker/io/admin.hpp"

#include <nlohmann/json.hpp>

#include "broker/test_bus.hpp"

namespace fairlead::broker::io {

using Json = nlohmann::json;

class AdminTest : public BrokerTest {
 protected:
  void SetUp() override {
    config.max_attempts = 1;
    start();
    gateway_comes();
    worker_comes();
    event(1);
    outcome(next_unit(), 1, {schemas::Bind{ann, "7"}, schemas::Join{ann, "room"}});
    turn();
  }
  const Admin::Settings settings{.listen = "tcp://x", .journal = "/", .journal_level = "os"};
  Json ask(const Json& request) { return Json::parse(Admin(*broker, settings, now).answer(request.dump(), now)); }
  std::string refused(const Json& request) {
    const Json reply = ask(request);
    EXPECT_EQ(reply.at("ok"), false) << reply;
    return reply.value("error", "");
  }
};

TEST_F(AdminTest, tells_what_there_is_to_ask_for) {
  const Json help = ask({{"ask", "help"}});
  EXPECT_GE(help.at("asks").size(), 13U);
  for (const auto& [name, what] : help.at("asks").items()) {
    const std::string error = ask({{"ask", name}}).value("error", "");
    EXPECT_EQ(error.find("there is no"), std::string::npos) << name;
  }
}

TEST_F(AdminTest, says_what_is_wrong_with_a_request) {
  Admin admin(*broker, settings, now);
  for (const char* bytes : {"", "{", "[]", "7", "\xff\xfe", "null"})
    EXPECT_NE(admin.answer(bytes, now).find("a request is a JSON object"), std::string::npos) << bytes;
  EXPECT_EQ(refused(Json::object()), "'ask' is missing");
  EXPECT_EQ(refused({{"ask", 7}}), "'ask' must be a string");
  EXPECT_EQ(ask({{"ask", "clinets"}}).at("meant"), "clients");
  EXPECT_EQ(refused({{"ask", "client"}, {"client", "nonsense"}}).substr(0, 24), "'nonsense' is no client:");
  EXPECT_EQ(refused({{"ask", "clients"}, {"limit", "many"}}), "'limit' must be a number");
  EXPECT_EQ(refused({{"ask", "send"}, {"text", "x"}}), "to whom? 'client', 'uid', 'group', or 'all': true");
  EXPECT_EQ(refused({{"ask", "kick"}, {"uid", "8"}}), "nobody is bound to uid '8'");
}

TEST_F(AdminTest, shows_who_is_there) {
  const Json status = ask({{"ask", "status"}});
  EXPECT_EQ(status.at("clients"), 1);
  EXPECT_EQ(status.at("counters").at("commits"), 1);
  EXPECT_EQ(ask({{"ask", "gateways"}}).at("gateways").at(0).at("state"), "live");
  EXPECT_EQ(ask({{"ask", "workers"}}).at("workers").at(0).at("state"), "idle");
  EXPECT_EQ(ask({{"ask", "groups"}}).at("groups").at(0).at("group"), "room");
  const Json client = ask({{"ask", "client"}, {"client", ann.text()}}).at("client");
  EXPECT_EQ(client.at("uid"), "7");
  EXPECT_EQ(client.at("groups"), Json::array({"room"}));
  EXPECT_EQ(client.at("gateway"), "door");
}

TEST_F(AdminTest, shows_where_the_broker_runs) {
  const Json machine = ask({{"ask", "machine"}});
  EXPECT_GT(machine["descriptors"], 0U);
  EXPECT_GT(machine["somaxconn"], 0U);
  EXPECT_EQ(machine["journal_level"], "os");
  EXPECT_GT(machine["journal_free_bytes"], 0U);
}

TEST_F(AdminTest, finds_clients_and_pages_through_them) {
  for (std::uint64_t i = 2; i <= 5; ++i) {
    event(1, {}, {.gateway = gateway, .counter = i});
    outcome(next_unit(), 1);
  }
  turn();
  EXPECT_EQ(ask({{"ask", "clients"}}).at("clients").size(), 5U);
  EXPECT_EQ(ask({{"ask", "clients"}, {"uid", "7"}}).at("clients").size(), 1U);
  EXPECT_EQ(ask({{"ask", "clients"}, {"uid", "8"}}).at("clients").size(), 0U);
  EXPECT_EQ(ask({{"ask", "clients"}, {"group", "room"}, {"gateway", "door"}}).at("clients").size(), 1U);
  EXPECT_EQ(ask({{"ask", "clients"}, {"gateway", "window"}}).at("clients").size(), 0U);
  Json page = ask({{"ask", "clients"}, {"limit", 2}});
  std::size_t seen = page.at("clients").size();
  while (page.at("next").is_string()) {
    page = ask({{"ask", "clients"}, {"limit", 2}, {"after", page.at("next")}});
    seen += page.at("clients").size();
  }
  EXPECT_EQ(seen, 5U);
}

TEST_F(AdminTest, sends_and_kicks) {
  EXPECT_EQ(ask({{"ask", "send"}, {"text", "hello"}, {"group", "room"}}).at("clients"), 1);
  EXPECT_EQ(sent<schemas::Deliver>(turn(), Leg::deliveries).size(), 1U);
  EXPECT_EQ(ask({{"ask", "send"}, {"text", "hello"}, {"uid", "nobody"}}).at("clients"), 0);
  EXPECT_TRUE(turn().journal.empty());
  EXPECT_EQ(ask({{"ask", "kick"}, {"uid", "7"}, {"last", "bye"}}).at("clients"), 1);
  const auto closed = sent<schemas::Close>(turn(), Leg::deliveries);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].last, "bye");
}

TEST_F(AdminTest, lists_shows_retries_and_drops_dead_letters) {
  for (const std::uint64_t seq : {2U, 3U}) {
    event(seq, std::string("po\0ison", 7));
    const schemas::Unit unit = next_unit();
    const schemas::Outcome failed{
        .unit = unit.unit, .attempt = unit.attempt, .seq = seq, .verdict = schemas::Verdict::failed, .error = "no"};
    broker->on_outcome_frame(schemas::outcomes_topic(worker_link) + frame(worker_link, ++outcomes, 0, failed), now);
  }
  turn();
  const Json listed = ask({{"ask", "dead.ls"}});
  ASSERT_EQ(listed.at("total"), 2);
  const std::string id = listed.at("dead_letters").at(0).at("id");
  EXPECT_EQ(id, ann.text() + ":2");
  const Json shown = ask({{"ask", "dead.show"}, {"letter", id}}).at("dead_letter");
  EXPECT_EQ(shown.at("hex"), "706f0069736f6e");
  EXPECT_EQ(shown.at("online"), true);
  EXPECT_EQ(ask({{"ask", "dead.retry"}, {"letter", id}}).at("done"), 1);
  EXPECT_EQ(refused({{"ask", "dead.retry"}, {"letter", id}}), "there is no such dead letter");
  EXPECT_EQ(refused({{"ask", "dead.drop"}, {"letter", "x"}}), "'x' names no dead letter: CLIENT:NUMBER");
  EXPECT_EQ(ask({{"ask", "dead.drop"}, {"all", true}}).at("done"), 1);
  EXPECT_EQ(ask({{"ask", "dead.ls"}}).at("total"), 0);
}

}  // namespace fairlead::broker::io
