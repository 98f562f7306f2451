#include "store/io/redis_store.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/io/test_servers.hpp"

namespace fairlead::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string error_of(const std::string& address) {
  const auto got = open_store(address).value()->get("k");
  return got ? "it works" : got.error().message;
}

// One command of our own, around the store.
RedisReply tell(const TestServer& server, std::initializer_list<std::string_view> words) {
  const Instant deadline = Instant(std::chrono::steady_clock::now().time_since_epoch()) + 10s;
  auto connection = Connection::dial({.host = {}, .path = server.socket()}, nullptr, deadline).value();
  return ask_redis(*connection, words, deadline).value();
}

TEST(RedisStore, says_which_server_refuses_the_password_and_never_shows_it) {
  const TestServer server(redis_server({"--requirepass", "right-one"}));
  EXPECT_EQ(error_of("redis://:right-one@" + server.host()), "it works");
  const std::string here = "redis at " + server.host();
  const std::string wrong = error_of("redis://:wrong-one@" + server.host());
  EXPECT_THAT(wrong, AllOf(HasSubstr(here), HasSubstr("refuses the password in the store's address"),
                           Not(HasSubstr("wrong-one"))));
  EXPECT_THAT(error_of("redis://" + server.host()),
              AllOf(HasSubstr(here), HasSubstr("wants a password; put it into the address")));
}

TEST(RedisStore, comes_in_under_the_name_of_a_user) {
  const TestServer server(redis_server());
  tell(server, {"ACL", "SETUSER", "ann", "on", ">p:@/?", "~*", "+@all"});
  EXPECT_EQ(error_of("redis://ann:p%3a%40%2f%3F@" + server.host()), "it works");
  EXPECT_THAT(error_of("redis://bob:p%3a%40%2f%3F@" + server.host()), HasSubstr("refuses the password"));
}

TEST(RedisStore, keeps_numbered_databases_apart) {
  const TestServer server(redis_server());
  auto one = open_store("redis://" + server.host() + "/1").value();
  ASSERT_TRUE(one->set("k", "v"));
  EXPECT_EQ(open_store("redis://" + server.host()).value()->get("k").value(), std::nullopt);
  EXPECT_EQ(open_store("redis+unix://" + server.socket() + "?db=1").value()->get("k").value(), "v");
  EXPECT_THAT(error_of("redis://" + server.host() + "/99"),
              HasSubstr("refuses database 99: ERR DB index is out of range"));
}

TEST(RedisStore, says_what_the_server_has_against_a_call_and_goes_on) {
  const TestServer server(redis_server());
  auto store = open_store("redis://" + server.host()).value();
  tell(server, {"RPUSH", "list", "one"});
  EXPECT_THAT(store->get("list").error().message, HasSubstr("keeps something else than a value there: WRONGTYPE"));
  EXPECT_THAT(store->incr("list").error().message, HasSubstr("WRONGTYPE"));
  EXPECT_EQ(store->counters().failures, 0U);
  tell(server, {"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_THAT(store->set("k", "v").error().message, HasSubstr("redis at " + server.host() + " refuses: OOM"));
  EXPECT_EQ(store->counters().failures, 1U);
  tell(server, {"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(store->set("k", "v"));
}

TEST(RedisStore, leaves_a_server_that_has_become_a_replica) {
  const TestServer server(redis_server());
  auto store = open_store("redis://" + server.host()).value();
  ASSERT_TRUE(store->set("k", "v"));
  tell(server, {"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_THAT(store->set("k", "w").error().message, HasSubstr("refuses: READONLY"));
  const auto before = store->counters().reconnects;
  EXPECT_FALSE(store->set("k", "w"));
  EXPECT_EQ(store->counters().reconnects, before + 1);
  tell(server, {"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(store->set("k", "w"));
}

TEST(RedisStore, keeps_what_it_had_when_its_server_keeps_a_log) {
  TestServer server(redis_server());
  auto store = open_store("redis://" + server.host()).value();
  ASSERT_EQ(store->incr("n", 41).value(), 41);
  server.die();
  server.start();
  EXPECT_EQ(store->incr("n").value(), 42);
}

// ---- TLS

class Certificates {
 public:
  Certificates() {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -subj "
        "/CN=ours -days 2");
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out csr -subj /CN=server");
    std::ofstream(directory_.path() + "/names") << "subjectAltName=DNS:localhost";
    run("openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out crt -days 2");
  }
  std::string file(const std::string& name) const { return directory_.path() + "/" + name; }

 private:
  void run(const std::string& command) const {
    const std::string all = "cd " + directory_.path() + " && " + command + " >/dev/null 2>log";
    if (std::system(all.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }
  TempDirectory directory_;
};

TEST(RedisStore, believes_a_server_only_with_a_certificate_for_its_name) {
  const Certificates certificates;
  const TestServer server({.words =
                               [&](const std::string& directory, const std::string& port) {
                                 return std::vector<std::string>{"redis-server",
                                                                 "--port",
                                                                 "0",
                                                                 "--tls-port",
                                                                 port,
                                                                 "--dir",
                                                                 directory,
                                                                 "--save",
                                                                 "",
                                                                 "--tls-cert-file",
                                                                 certificates.file("crt"),
                                                                 "--tls-key-file",
                                                                 certificates.file("key"),
                                                                 "--tls-ca-cert-file",
                                                                 certificates.file("ca.crt"),
                                                                 "--tls-auth-clients",
                                                                 "no"};
                               },
                           .question = {},
                           .not_yet = {}});
  const std::string ours = "&ca=" + certificates.file("ca.crt");
  const std::string good = "rediss://localhost:" + server.port() + "?timeout=5s";
  auto store = open_store(good + ours).value();
  const std::string large(Store::max_value, 'x');
  ASSERT_TRUE(store->set("large", large));
  EXPECT_EQ(store->get("large").value(), large);
  EXPECT_EQ(store->counters().reconnects, 0U);

  EXPECT_THAT(error_of(good), HasSubstr("its certificate is not to be trusted: "));
  EXPECT_THAT(error_of("rediss://" + server.host() + "?timeout=5s" + ours),
              HasSubstr("its certificate is not to be trusted: IP address mismatch"));
  EXPECT_THAT(error_of("redis://localhost:" + server.port() + "?timeout=1s"),
              HasSubstr("does not answer as a Redis server"));
}

TEST(RedisStore, does_not_open_without_the_certificates_that_it_was_told_to_trust) {
  EXPECT_THAT(open_store("rediss://localhost?ca=/no/such/file").error().message,
              HasSubstr("no certificates can be read from /no/such/file"));
}

TEST(RedisStore, finds_no_tls_where_there_is_none) {
  const TestServer server(redis_server());
  EXPECT_THAT(error_of("rediss://" + server.host() + "?timeout=1s"),
              HasSubstr("cannot be reached: it does not answer to TLS"));
}

}  // namespace
}  // namespace fairlead::store
