#include "worker/io/module.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "fairlead/rehearsal.hpp"

#include "bus/io/fd.hpp"
#include "worker/io/code.hpp"

namespace fairlead::worker {
namespace {

// Those of tests/modules/, which lie beside this program's folder. What crashes or hangs is tests/integration's.
Result<MakeHandler> load(const std::string& module) {
  const std::string program = own_program();
  const std::string folder = program.substr(0, program.rfind("/bin/"));
  static std::vector<io::Fd> open_ones;
  open_ones.emplace_back(::open((folder + "/modules/" + module).c_str(), O_RDONLY | O_CLOEXEC));
  return load_module(open_ones.back().get(), module);
}

std::string error(const std::string& module) {
  const auto loaded = load(module);
  return loaded ? "none" : loaded.error().message;
}

TEST(Module, makes_handlers) {
  const auto loaded = load("echo_a.so");
  ASSERT_TRUE(loaded) << loaded.error().message;
  const auto handler = (*loaded)();
  Rehearsal bus(*handler, open_store("memory:").value());
  const ClientId ann = bus.open();
  bus.say(ann, "edition?");
  bus.say(ann, "hello");
  EXPECT_EQ(bus.heard(ann), (std::vector<std::string>{"a", "hello"}));
}

TEST(Module, that_is_broken_says_how) {
  EXPECT_EQ(error("no_entry.so"),
            "no_entry.so is no Fairlead module: it has no symbol fairlead_module. Does one of its sources say "
            "FAIRLEAD_MODULE(YourHandler)?");
  EXPECT_TRUE(
      error("other_version.so")
          .starts_with("other_version.so was compiled for Fairlead 0.0.7-older, and this worker is Fairlead 0."));
  EXPECT_EQ(error("unresolved.so"), "cannot load unresolved.so: undefined symbol: prices::of(char const*)");
  EXPECT_EQ(error("../CMakeCache.txt"), "cannot load ../CMakeCache.txt: invalid ELF header");
}

TEST(Module, a_constructor_that_throws_is_heard_by_whoever_makes_the_handler) {
  const auto loaded = load("throws_when_made.so");
  ASSERT_TRUE(loaded);
  try {
    (*loaded)();
    FAIL() << "nothing was thrown";
  } catch (const std::exception& thrown) {
    EXPECT_STREQ(thrown.what(), "no colours today");
  }
}

TEST(Module, is_called_by_the_name_of_its_file) {
  EXPECT_EQ(module_app("./libchat.so"), "chat");
  EXPECT_EQ(module_app("/opt/game.so.2"), "game");
  EXPECT_EQ(module_app("plain"), "plain");
}

}  // namespace
}  // namespace fairlead::worker
