// Settings: a file, a command line and a variable of any bytes are taken or told to be wrong; what was taken and is printed as a file is
// taken again and means the same.
#include <sstream>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "bus/io/options.hpp"
#include "bus/text.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace fairlead;  // NOLINT(google-build-using-namespace)

struct Settings {
  std::string text = "a";
  std::int64_t integer = 1;
  std::uint64_t size = 2;
  Duration duration = 3s;
  bool flag = false;
  std::vector<std::string> list;
};

class File {
 public:
  File() : fd_(::memfd_create("settings", 0)) { FAIRLEAD_CHECK(fd_ >= 0, "no file in memory"); }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::string hold(std::string_view text) const {
    FAIRLEAD_CHECK(::ftruncate(fd_, 0) == 0, "no room");
    FAIRLEAD_CHECK(::pwrite(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()), "no room");
    return "/proc/self/fd/" + std::to_string(fd_);
  }

 private:
  int fd_;
};

// Without where each value came from.
std::string values_of(const std::string& toml) {
  std::string out;
  std::istringstream lines(toml);
  for (std::string line; std::getline(lines, line);) out += line.substr(0, line.rfind("  # ")) + '\n';
  return out;
}

// What --print-config says of it; nothing when it was refused.
std::string effective(const std::vector<std::string>& arguments, const std::string& variable) {
  Settings settings;
  io::Options options{{.program = "fuzz", .summary = "Is given anything."}};
  options.text("text", "WORD", settings.text, "a text")
      .integer("integer", settings.integer, "a number", io::between(-5, 5'000'000))
      .size("size", settings.size, "a size")
      .duration("duration", settings.duration, "a time", io::at_least(0ms))
      .flag("flag", settings.flag, "a flag")
      .list("list", "WORD", settings.list, "a list");
  std::ostringstream out;
  std::ostringstream err;
  const auto done = options.load(
      arguments,
      [&](const char* name) {
        return std::string_view(name) == "FAIRLEAD_LIST" && !variable.empty() ? variable.c_str() : nullptr;
      },
      out, err);
  if (done && *done != io::ExitCode::ok) FUZZ_DEMAND(!err.str().empty(), "what is wrong is told");
  return done ? std::string{} : options.effective_toml();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const File file;
  fuzz::Input input(data, size);
  std::vector<std::string> arguments;
  for (unsigned count = input.byte() % 4; count > 0; --count) {
    std::string word(input.text());
    std::erase(word, '\0');
    // These end a program, and --config reads whatever file it is told.
    if (word.find("config") == std::string::npos) arguments.push_back(std::move(word));
  }
  std::string variable(input.text());
  std::erase(variable, '\0');
  bool typed_utf8 = is_utf8(variable);
  for (const std::string& word : arguments) typed_utf8 = typed_utf8 && is_utf8(word);
  arguments.insert(arguments.begin(), {"--config", file.hold(input.rest())});
  const std::string taken = effective(arguments, variable);
  // A password is not shown, and TOML has no words for what is not UTF-8.
  if (taken.empty() || taken.find("***") != std::string::npos || !typed_utf8) return 0;
  FUZZ_DEMAND(values_of(effective({"--config", file.hold(taken)}, {})) == values_of(taken),
              "what is printed means the same");
  return 0;
}
