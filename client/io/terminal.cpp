#include "client/io/terminal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/ioctl.h>
#include <unistd.h>

#include "client/chat/characters.hpp"
#include "client/io/output.hpp"

namespace fairlead::client {
namespace {

std::size_t width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::size_t columns_of(std::string_view text) {
  std::size_t sum = 0;
  for (const char32_t character : decode_utf8(text)) sum += columns(character);
  return sum;
}

}  // namespace

bool Terminal::is_there() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

Terminal::Terminal() {
  ::tcgetattr(STDIN_FILENO, &before_);
  termios raw = before_;
  // Keys as they come, Ctrl-C and Ctrl-D included; output is left as it is, so a line break still returns the carriage.
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | INLCR);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

Terminal::~Terminal() { ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_); }

void Terminal::print(std::string_view line) {
  row_.clear();
  write("\r\x1b[K" + std::string(line) + "\n");
}

void Terminal::clear_screen() {
  row_.clear();
  write("\x1b[H\x1b[2J");
}

void Terminal::draw(std::string_view prompt, const LineEditor& editor) {
  const std::size_t all = width();
  // A prompt that leaves no room to type is cut.
  std::u32string head = decode_utf8(prompt);
  head.resize(std::min(head.size(), all / 2));
  const std::string shown = encode_utf8(head);
  const std::size_t used = columns_of(shown);
  const LineEditor::Row row = editor.row(all > used + 1 ? all - used - 1 : 0);
  std::string bytes = "\r\x1b[K\x1b[2m" + shown + "\x1b[0m" + row.text + "\r";
  if (used + row.cursor > 0) bytes += "\x1b[" + std::to_string(used + row.cursor) + "C";
  if (bytes == row_) return;
  row_ = bytes;
  write(bytes);
}

void Terminal::leave_row() {
  row_.clear();
  write("\r\x1b[K");
}

std::optional<std::string> Terminal::keys() {
  std::array<char, 4096> bytes{};
  const auto got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (got > 0) return std::string(bytes.data(), static_cast<std::size_t>(got));
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return std::string();
  return std::nullopt;
}

void Terminal::write(std::string_view bytes) { alive_ = write_all(bytes) && alive_; }

}  // namespace fairlead::client
