#include "tools/ctl/completion.hpp"

#include <map>

#include "bus/text.hpp"

namespace fairlead::ctl {
namespace {

struct Words {
  std::map<std::string, std::string> first;                          // and what it is
  std::map<std::string, std::map<std::string, std::string>> second;  // by the first
};

Words split(const std::vector<Completed>& commands) {
  Words words;
  for (const auto& [typed, what] : commands) {
    const std::size_t blank = typed.find(' ');
    const std::string first = typed.substr(0, blank);
    if (blank == std::string::npos) {
      words.first[first] = what;
    } else {
      words.first.emplace(first, "");
      words.second[first][typed.substr(blank + 1)] = what;
    }
  }
  return words;
}

std::string keys(const std::map<std::string, std::string>& words) {
  std::string all;
  for (const auto& [word, what] : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

std::string bash(const Words& words, const std::vector<std::string>& flags) {
  std::string all_flags;
  for (const auto& flag : flags) all_flags += (all_flags.empty() ? "--" : " --") + flag;
  std::string out =
      "# bash completion of fairlead-ctl, written by `fairlead-ctl completion bash`.\n"
      "_fairlead_ctl() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n"
      "  case $before in\n"
      "    --output) mapfile -t COMPREPLY < <(compgen -W 'table json' -- \"$word\"); return ;;\n"
      "    completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh' -- \"$word\"); return ;;\n";
  for (const auto& [first, second] : words.second)
    out += "    " + first + ") mapfile -t COMPREPLY < <(compgen -W '" + keys(second) + "' -- \"$word\"); return ;;\n";
  out +=
      "  esac\n"
      "  if [[ $word == -* ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W '" +
      all_flags +
      "' -- \"$word\")\n"
      "  else\n"
      "    mapfile -t COMPREPLY < <(compgen -W '" +
      keys(words.first) +
      "' -- \"$word\")\n"
      "  fi\n"
      "}\n"
      "complete -F _fairlead_ctl fairlead-ctl\n";
  return out;
}

// In single quotes; a colon ends the word that is described.
std::string described(const std::map<std::string, std::string>& words) {
  std::string out;
  for (const auto& [word, what] : words) {
    out += " '" + word;
    if (!what.empty()) out += ":" + what;
    out += "'";
  }
  return out;
}

std::string zsh(const Words& words, const std::vector<std::string>& flags) {
  std::string out =
      "#compdef fairlead-ctl\n"
      "# zsh completion of fairlead-ctl, written by `fairlead-ctl completion zsh`.\n"
      "local -a words_here\n"
      "case $words[CURRENT-1] in\n"
      "  --output) words_here=(table json) ;;\n"
      "  completion) words_here=(bash zsh) ;;\n";
  for (const auto& [first, second] : words.second)
    out += "  " + first + ") words_here=(" + described(second) + " ) ;;\n";
  out += "  *) if [[ $PREFIX == -* ]]; then words_here=(";
  for (const auto& flag : flags) out += " --" + flag;
  out += " ); else words_here=(" + described(words.first) + " ); fi ;;\nesac\n_describe 'fairlead-ctl' words_here\n";
  return out;
}

}  // namespace

Result<std::string> completion(std::string_view shell, const std::vector<Completed>& commands,
                               const std::vector<std::string>& flags) {
  if (shell == "bash") return bash(split(commands), flags);
  if (shell == "zsh") return zsh(split(commands), flags);
  return Error{"there is completion for bash and for zsh, not for '" + printable(shell) + "'"};
}

}  // namespace fairlead::ctl
