#include "tools/ctl/completion.hpp"

#include <gmock/gmock.h>

namespace fairlead::ctl {

using testing::HasSubstr;

const std::vector<Completed> commands{{"status", "the broker"}, {"dead ls", "events"}, {"dead show", "one of them"}};

TEST(Completion, knows_commands_of_one_word_and_of_two_and_flags) {
  const std::string bash = *completion("bash", commands, {"all", "uid"});
  EXPECT_THAT(bash, HasSubstr("compgen -W 'dead status' -- "));
  EXPECT_THAT(bash, HasSubstr("    dead) mapfile -t COMPREPLY < <(compgen -W 'ls show' -- "));
  EXPECT_THAT(bash, HasSubstr("compgen -W '--all --uid' -- "));
  const std::string zsh = *completion("zsh", commands, {"all", "uid"});
  EXPECT_TRUE(zsh.starts_with("#compdef fairlead-ctl\n"));
  EXPECT_THAT(zsh, HasSubstr("  dead) words_here=( 'ls:events' 'show:one of them' ) ;;\n"));
  EXPECT_THAT(zsh, HasSubstr("words_here=( 'dead' 'status:the broker' )"));
}

TEST(Completion, is_for_shells_that_it_knows) {
  EXPECT_EQ(completion("fish", commands, {}).error().message,
            "there is completion for bash and for zsh, not for 'fish'");
}

}  // namespace fairlead::ctl
