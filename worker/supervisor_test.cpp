#include "worker/supervisor.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace fairlead::worker {
namespace {

class SupervisorTest : public testing::Test {
 protected:
  void begin(unsigned workers) {
    supervisor.emplace(Supervisor::Settings{.workers = workers, .reload_time = 30s, .drain_time = 20s});
    supervisor->start(now, actions);
  }
  void begin_ready(unsigned workers) {
    begin(workers);
    for (unsigned i = 1; i <= workers; ++i) ready(i);
    taken();
  }

  void ready(unsigned process) { supervisor->on_ready(ProcessId{process}, now, actions); }
  void ends(unsigned process, bool clean = true) {
    supervisor->on_ended(ProcessId{process}, clean ? "ended with exit status 0" : "was killed by SIGSEGV", clean, now,
                         actions);
  }
  void hangup() { supervisor->on_reload(now, actions); }
  void read(unsigned code) { supervisor->on_code(CodeId{code}, now, actions); }
  void stop() { supervisor->on_stop(now, actions); }
  void passes(Duration time) {
    now += time;
    supervisor->on_time(now, actions);
  }

  // What there was to do since the last call, but for lines in the log: those are in `told`.
  std::vector<std::string> taken() {
    std::vector<std::string> texts;
    told.clear();
    for (const auto& action : actions) {
      std::string text = std::visit([](const auto& one) { return in_words(one); }, action);
      (std::holds_alternative<Tell>(action) ? told : texts).push_back(std::move(text));
    }
    actions.clear();
    return texts;
  }
  bool was_told(const std::string& part) const {
    return std::any_of(told.begin(), told.end(), [&](const auto& line) { return line.find(part) != line.npos; });
  }

  using Texts = std::vector<std::string>;
  std::optional<Supervisor> supervisor;
  SupervisorActions actions;
  Texts told;
  Instant now{};

 private:
  template <class Id>
  static std::string number(Id id) {
    return std::to_string(static_cast<std::uint64_t>(id));
  }
  static std::string in_words(const StartProcess& start) {
    return "start " + number(start.process) + " at " + std::to_string(start.place) + " from " + number(start.code);
  }
  static std::string in_words(const DrainProcess& drain) {
    return (drain.replaced ? "replace " : "drain ") + number(drain.process);
  }
  static std::string in_words(const KillProcess& kill) { return "kill " + number(kill.process); }
  static std::string in_words(const ReadCode& read) { return "read " + number(read.code); }
  static std::string in_words(const ForgetCode& forget) { return "forget " + number(forget.code); }
  static std::string in_words(const Announce& announce) {
    constexpr const char* words[] = {"ready", "reloading", "ready again", "stopping"};
    return words[static_cast<int>(announce.what)];
  }
  static std::string in_words(const Tell& tell) { return tell.event + " " + tell.text; }
};

TEST_F(SupervisorTest, starts_a_process_for_each_place_and_is_ready_when_all_are) {
  begin(2);
  EXPECT_EQ(taken(), (Texts{"start 1 at 0 from 1", "start 2 at 1 from 1"}));
  ready(2);
  EXPECT_EQ(taken(), Texts{});
  ready(1);
  EXPECT_EQ(taken(), Texts{"ready"});
  EXPECT_EQ(supervisor->next_time(), std::nullopt);
}

TEST_F(SupervisorTest, what_dies_before_any_was_ready_ends_it_all) {
  begin(2);
  taken();
  ends(1, false);
  EXPECT_EQ(taken(), (Texts{"stopping", "drain 2"}));
  EXPECT_TRUE(was_told("cannot_start was killed by SIGSEGV"));
  ends(2);
  EXPECT_TRUE(supervisor->finished());
  EXPECT_FALSE(supervisor->clean());
}

TEST_F(SupervisorTest, a_process_that_dies_is_started_again_later_each_time) {
  begin_ready(1);
  Duration wait = 100ms;
  for (unsigned process = 1; process < 12; ++process) {
    ends(process, false);
    EXPECT_EQ(taken(), Texts{});
    EXPECT_TRUE(was_told("worker_died was killed by SIGSEGV"));
    EXPECT_EQ(supervisor->next_time(), now + wait);
    passes(wait - 1ms);
    EXPECT_EQ(taken(), Texts{});
    passes(1ms);
    EXPECT_EQ(taken(), Texts{"start " + std::to_string(process + 1) + " at 0 from 1"});
    ready(process + 1);
    EXPECT_EQ(taken(), Texts{}) << "it was ready before";
    wait = std::min<Duration>(2 * wait, 10s);
  }
  passes(10s);
  ends(12, true);
  EXPECT_EQ(supervisor->next_time(), now + 100ms) << "it has served for a while";
}

TEST_F(SupervisorTest, new_code_takes_one_place_after_another) {
  begin_ready(2);
  hangup();
  EXPECT_EQ(taken(), (Texts{"reloading", "read 2"}));
  read(2);
  EXPECT_EQ(taken(), Texts{"start 3 at 0 from 2"});
  ready(3);
  EXPECT_EQ(taken(), Texts{"replace 1"});
  ends(1);
  EXPECT_EQ(taken(), Texts{"start 4 at 1 from 2"});
  ready(4);
  EXPECT_EQ(taken(), Texts{"replace 2"});
  ends(2);
  EXPECT_EQ(taken(), (Texts{"forget 1", "ready again"}));
  EXPECT_TRUE(was_told("reloaded 2"));
  ends(3, false);
  passes(100ms);
  EXPECT_EQ(taken(), Texts{"start 5 at 0 from 2"});
}

TEST_F(SupervisorTest, new_code_that_ends_before_it_is_ready_leaves_the_old_in_place) {
  begin_ready(1);
  hangup();
  read(2);
  ends(2, false);
  EXPECT_EQ(taken(), (Texts{"reloading", "read 2", "start 2 at 0 from 2", "forget 2", "ready again"}));
  EXPECT_TRUE(was_told("reload_failed the new process was killed by SIGSEGV before it was ready; the old code stays"));
  ends(1, false);
  passes(100ms);
  EXPECT_EQ(taken(), Texts{"start 3 at 0 from 1"});
}

TEST_F(SupervisorTest, new_code_that_hangs_is_killed_when_its_time_is_over) {
  begin_ready(1);
  hangup();
  read(2);
  taken();
  passes(30s - 1ms);
  EXPECT_EQ(taken(), Texts{});
  passes(1ms);
  EXPECT_EQ(taken(), (Texts{"kill 2", "forget 2", "ready again"}));
  EXPECT_TRUE(was_told("was not ready within 30s"));
  ready(2);  // it was on its way
  ends(2, false);
  EXPECT_EQ(taken(), Texts{});
  EXPECT_EQ(told, Texts{});
}

TEST_F(SupervisorTest, files_that_cannot_be_read_change_nothing) {
  begin_ready(1);
  hangup();
  supervisor->on_no_code(CodeId{2}, "cannot open x.so: gone", now, actions);
  EXPECT_EQ(taken(), (Texts{"reloading", "read 2", "forget 2", "ready again"}));
  EXPECT_TRUE(was_told("reload_failed cannot open x.so: gone; the old code stays"));
}

TEST_F(SupervisorTest, a_failure_at_a_later_place_ends_the_reload_there) {
  begin_ready(3);
  hangup();
  read(2);
  ready(4);
  ends(1);
  taken();
  ends(5, false);
  EXPECT_EQ(taken(), Texts{"ready again"}) << "both codes are in use";
  EXPECT_TRUE(was_told("1 of 3 were replaced, the others keep the old code"));
  ends(2, false);
  passes(100ms);
  EXPECT_EQ(taken(), Texts{"start 6 at 1 from 1"});
}

TEST_F(SupervisorTest, new_code_takes_a_place_whose_process_is_dead) {
  begin_ready(1);
  ends(1, false);
  hangup();
  read(2);
  taken();
  ready(2);
  EXPECT_EQ(taken(), (Texts{"forget 1", "ready again"}));
  EXPECT_EQ(supervisor->next_time(), std::nullopt) << "the dead one is not started again";
}

TEST_F(SupervisorTest, any_number_of_hangups_during_a_reload_are_one_more) {
  begin_ready(1);
  hangup();
  read(2);
  hangup();
  hangup();
  ready(2);
  hangup();
  EXPECT_EQ(taken(), (Texts{"reloading", "read 2", "start 2 at 0 from 2", "replace 1"}));
  ends(1);
  EXPECT_EQ(taken(), (Texts{"forget 1", "ready again", "reloading", "read 3"}));
  read(3);
  ready(3);
  ends(2);
  EXPECT_EQ(taken(), (Texts{"start 3 at 0 from 3", "replace 2", "forget 2", "ready again"}));
}

TEST_F(SupervisorTest, the_old_process_is_killed_when_it_does_not_leave) {
  begin_ready(1);
  hangup();
  read(2);
  ready(2);
  taken();
  passes(25s);
  EXPECT_EQ(taken(), Texts{"kill 1"});
  ends(1, false);
  EXPECT_EQ(taken(), (Texts{"forget 1", "ready again"}));
}

TEST_F(SupervisorTest, told_to_stop_it_drains_all_and_starts_nobody) {
  begin_ready(2);
  ends(2, false);
  stop();
  hangup();
  EXPECT_EQ(taken(), (Texts{"stopping", "drain 1"}));
  EXPECT_TRUE(was_told("reload_ignored"));
  passes(1s);
  ends(1);
  EXPECT_EQ(taken(), Texts{});
  EXPECT_TRUE(supervisor->finished());
  EXPECT_TRUE(supervisor->clean());
}

TEST_F(SupervisorTest, a_stop_in_the_middle_of_a_reload_ends_new_and_old) {
  begin_ready(2);
  hangup();
  hangup();
  read(2);
  taken();
  stop();
  EXPECT_EQ(taken(), (Texts{"stopping", "drain 1", "drain 2", "drain 3"}));
  passes(5s);
  EXPECT_EQ(taken(), Texts{"kill 3"}) << "it was never ready: there is nothing to finish";
  ends(1), ends(2), ends(3, false);
  EXPECT_EQ(taken(), Texts{});
  EXPECT_TRUE(supervisor->finished());
  EXPECT_TRUE(supervisor->clean()) << "and nothing that is lost";
}

TEST_F(SupervisorTest, while_an_old_process_leaves_a_stop_does_not_tell_it_twice) {
  begin_ready(1);
  hangup();
  read(2);
  ready(2);
  taken();
  stop();
  EXPECT_EQ(taken(), (Texts{"stopping", "drain 2"})) << "a second SIGTERM would end it at once";
}

TEST_F(SupervisorTest, a_second_stop_kills) {
  begin_ready(2);
  stop();
  taken();
  stop();
  EXPECT_EQ(taken(), (Texts{"kill 1", "kill 2"}));
  ends(1, false), ends(2, false);
  EXPECT_TRUE(supervisor->finished());
  EXPECT_FALSE(supervisor->clean());
}

TEST_F(SupervisorTest, a_process_that_does_not_drain_in_time_is_killed_and_it_shows) {
  begin_ready(1);
  stop();
  taken();
  passes(25s);
  EXPECT_EQ(taken(), Texts{"kill 1"});
  EXPECT_TRUE(was_told("drain_timeout"));
  ends(1, false);
  EXPECT_TRUE(supervisor->finished());
  EXPECT_FALSE(supervisor->clean());
}

TEST_F(SupervisorTest, new_code_may_replace_what_was_never_ready) {
  begin(1);
  hangup();
  read(2);
  taken();
  ready(2);
  EXPECT_EQ(taken(), (Texts{"replace 1", "ready"}));
}

}  // namespace
}  // namespace fairlead::worker
