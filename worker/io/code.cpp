#include "worker/io/code.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/text.hpp"

namespace fairlead::worker {
namespace {

constexpr std::size_t longest_path = 500;  // in an error

constexpr int unchangeable = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

Error cannot(std::string_view what, const std::string& file) {
  const int error = errno;
  return Error{"cannot " + std::string(what) + " " + printable(file, longest_path) + ": " + std::strerror(error)};
}

Result<io::Fd> open_for_reading(const std::string& file) {
  io::Fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return cannot("open", file);
  return fd;
}

bool same(const struct stat& before, const struct stat& after) {
  return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
         before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

Result<io::Fd> copy_of(const std::string& file) {
  auto original = open_for_reading(file);
  if (!original) return original;
  struct stat before {};
  if (::fstat(original->get(), &before) != 0) return cannot("look at", file);
  if (!S_ISREG(before.st_mode)) return Error{printable(file, longest_path) + " is not a file"};
  io::Fd copy{::memfd_create(file.substr(file.rfind('/') + 1).substr(0, 200).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!copy) return cannot("make a copy of", file);
  for (ssize_t moved = 1; moved > 0;) {
    moved = ::sendfile(copy.get(), original->get(), nullptr, std::size_t{1} << 30U);
    if (moved < 0) return cannot("read", file);
  }
  // Half of a file may well load, and be something else.
  struct stat after {};
  if (::fstat(original->get(), &after) != 0) return cannot("look at", file);
  if (!same(before, after)) return Error{printable(file, longest_path) + " was being written while it was read"};
  if (::fcntl(copy.get(), F_ADD_SEALS, unchangeable) != 0) return cannot("seal the copy of", file);
  return copy;
}

}  // namespace

Result<Code> Code::read(const std::string& program, const std::string& module) {
  Code code;
  auto opened = open_for_reading(program);
  if (!opened) return opened.error();
  code.program = std::move(*opened);
  if (module.empty()) return code;
  auto copied = copy_of(module);
  if (!copied) return copied.error();
  code.module = std::move(*copied);
  return code;
}

std::string own_program() {
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  return {path.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

}  // namespace fairlead::worker
