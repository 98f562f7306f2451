#include "tools/ctl/command.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "bus/io/options.hpp"
#include "bus/text.hpp"

namespace fairlead::ctl {
namespace {

using Json = nlohmann::ordered_json;

struct Command {
  std::string_view words;       // what is typed
  std::string_view ask;         // of the admin socket; empty: the program does it by itself
  std::string_view argument;    // the key of the word behind it; empty: none
  bool may_do_without = false;  // the word, because of a flag
  std::string_view usage;
  std::string_view what;
};

constexpr std::array<Command, 16> commands{{
    {"status", "status", "", false, "status", "the broker and its counters"},
    {"gateways", "gateways", "", false, "gateways", "who holds connections"},
    {"workers", "workers", "", false, "workers", "who handles events, and publishers"},
    {"clients", "clients", "", false, "clients [--uid U] [--group G] [--gateway NAME] [--limit N] [--after CLIENT]",
     "who is connected"},
    {"client", "client", "client", false, "client CLIENT", "one of them, with its groups"},
    {"groups", "groups", "", false, "groups [--limit N] [--after GROUP]", "groups and their sizes"},
    {"kick", "kick", "client", true, "kick CLIENT | kick --uid U   [--last TEXT] [--now]", "close connections"},
    {"send", "send", "text", false, "send TEXT --all | --client CLIENT | --uid U | --group G", "a message to users"},
    {"dead ls", "dead.ls", "", false, "dead ls [--limit N]", "events that could not be handled"},
    {"dead show", "dead.show", "letter", false, "dead show LETTER", "one of them, with what it said"},
    {"dead retry", "dead.retry", "letter", true, "dead retry LETTER | dead retry --all", "have it handled once more"},
    {"dead drop", "dead.drop", "letter", true, "dead drop LETTER | dead drop --all", "forget it"},
    {"doctor", "", "", false, "doctor", "what is amiss with this bus, and what to do"},
    {"keygen", "", "file", false, "keygen FILE",
     "a new pair of keys: the secret one in FILE, the public one in FILE.pub"},
    {"completion", "", "shell", false, "completion bash | completion zsh", "for the shell to complete these"},
    {"help", "help", "", false, "help", "what the broker can be asked"},
}};

const Command* find(const std::vector<std::string>& words) {
  for (const auto& command : commands) {
    const bool two = command.words.find(' ') != std::string_view::npos;
    if (words.size() < (two ? 2U : 1U)) continue;
    if (command.words == (two ? words[0] + " " + words[1] : words[0])) return &command;
  }
  return nullptr;
}

Error unknown(const std::vector<std::string>& words) {
  std::string typed = words[0];
  if (words[0] == "dead" && words.size() > 1) typed += " " + words[1];
  std::array<std::string_view, commands.size()> known{};
  for (std::size_t i = 0; i < commands.size(); ++i) known.at(i) = commands.at(i).words;
  const auto meant = io::nearest(typed, known);
  return Error{"there is no command '" + printable(typed) + "'" +
               (meant ? "; did you mean '" + std::string(*meant) + "'?" : "") + "\n\n" + usage()};
}

}  // namespace

Result<Json> request_of(const std::vector<std::string>& words, const Flags& flags) {
  if (words.empty()) return Error{"which command?\n\n" + usage()};
  const Command* command = find(words);
  if (command == nullptr) return unknown(words);
  const auto misused = [&](const std::string& why) { return Error{why + "; it is\n  " + std::string(command->usage)}; };

  Json request{{"ask", command->ask}};
  const auto first = static_cast<std::size_t>(1 + std::count(command->words.begin(), command->words.end(), ' '));
  const std::size_t arguments = words.size() - first;
  if (command->argument.empty() && arguments > 0) return misused("'" + words[first] + "' is one word too many");
  if (arguments > 1)
    return misused("'" + words[first + 1] + "' is one word too many (a text with blanks is put in quotes)");
  if (arguments == 1) request[std::string(command->argument)] = words[first];
  const bool flag_instead = command->may_do_without && (flags.all || !flags.uid.empty());
  if (!command->argument.empty() && arguments == 0 && !flag_instead)
    return misused("what is to be " + std::string(command->words) + "?");

  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) request[key] = value;
  };
  put("client", flags.client);
  put("uid", flags.uid);
  put("group", flags.group);
  put("gateway", flags.gateway);
  put("last", flags.last);
  put("after", flags.after);
  if (flags.all) request["all"] = true;
  if (flags.now) request["now"] = true;
  if (flags.limit > 0) request["limit"] = flags.limit;
  return request;
}

std::vector<Named> commands_by_name() {
  std::vector<Named> all;
  all.reserve(commands.size());
  for (const auto& command : commands) all.push_back({std::string(command.words), std::string(command.what)});
  return all;
}

std::string usage() {
  std::string out = "commands:\n";
  for (const auto& command : commands) {
    out += "  " + std::string(command.usage) + "\n      " + std::string(command.what) + "\n";
  }
  return out;
}

}  // namespace fairlead::ctl
