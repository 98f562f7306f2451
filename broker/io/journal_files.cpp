#include "broker/io/journal_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fairlead::broker::io {
namespace {

namespace fs = std::filesystem;
using fairlead::io::Fd;

constexpr std::string_view prefix = "segment-";

Error failure(const std::string& what) { return Error{what + ": " + std::strerror(errno)}; }

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failure("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return Nothing{};
}

Result<std::string> read_all(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) return failure("cannot read " + path);
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("cannot read " + path);
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  bytes.resize(at);
  return bytes;
}

void sync_directory(const std::string& directory) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

// The segments' numbers, the newest first.
std::vector<std::uint64_t> segments_in(const std::string& directory) {
  std::vector<std::uint64_t> numbers;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || name.size() != prefix.size() + 10) continue;
    const std::string digits = name.substr(prefix.size());
    if (digits.find_first_not_of("0123456789") != std::string::npos) continue;
    numbers.push_back(std::stoull(digits));
  }
  std::sort(numbers.rbegin(), numbers.rend());
  return numbers;
}

}  // namespace

std::optional<JournalLevel> parse_journal_level(std::string_view text) {
  if (text == "none") return JournalLevel::none;
  if (text == "process") return JournalLevel::process;
  if (text == "os") return JournalLevel::os;
  return std::nullopt;
}

std::string JournalFiles::path(std::uint64_t number) const {
  std::string digits = std::to_string(number);
  digits.insert(0, 10 - std::min<std::size_t>(10, digits.size()), '0');
  return directory_ + "/" + std::string(prefix) + digits;
}

Result<std::pair<JournalFiles, JournalFiles::Opened>> JournalFiles::open(const std::string& directory,
                                                                         JournalLevel level, std::uint16_t shard,
                                                                         Lineage fresh) {
  JournalFiles files;
  files.directory_ = directory;
  files.level_ = level;
  Opened opened;
  opened.header = {.lineage = fresh, .shard = shard, .segment = 1};
  if (level == JournalLevel::none) return std::pair{std::move(files), std::move(opened)};

  std::error_code trouble;
  fs::create_directories(directory, trouble);
  if (trouble) return Error{"cannot make the journal directory " + directory + ": " + trouble.message()};
  files.lock_ = Fd(::open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!files.lock_) return failure("cannot write in the journal directory " + directory);
  if (::flock(files.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{"another broker is running on the journal " + directory +
                 ": stop it, or give this one a directory of its own"};
  }
  ::unlink((directory + "/next").c_str());

  const std::vector<std::uint64_t> numbers = segments_in(directory);
  if (!numbers.empty()) {
    const std::string newest = files.path(numbers.front());
    auto bytes = read_all(newest);
    if (!bytes) return bytes.error();
    auto replayed = replay_segment(*bytes);
    if (replayed && replayed->header.shard != shard) {
      return Error{"the journal " + directory + " belongs to shard " + std::to_string(replayed->header.shard) +
                   ", not " + std::to_string(shard)};
    }
    if (replayed) {
      files.file_ = Fd(::open(newest.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
      if (!files.file_) return failure("cannot write " + newest);
      opened.cut_bytes = bytes->size() - replayed->good_bytes;
      if (opened.cut_bytes > 0 && ::ftruncate(files.file_.get(), static_cast<off_t>(replayed->good_bytes)) != 0) {
        return failure("cannot cut the torn tail off " + newest);
      }
      files.segment_ = replayed->header.segment;
      files.size_ = replayed->good_bytes;
      files.checkpoint_bytes_ = 0;
      opened.header = replayed->header;
      opened.state = std::move(replayed->state);
      opened.facts = replayed->facts;
      for (std::size_t i = 1; i < numbers.size(); ++i) ::unlink(files.path(numbers[i]).c_str());
      return std::pair{std::move(files), std::move(opened)};
    }
    opened.damage = newest + " is " + replayed.error().message;
    for (const std::uint64_t number : numbers) {
      const std::string kept =
          directory + "/damaged-" + fairlead::text(Incarnation{fresh.value}) + "-" + std::to_string(number);
      if (::rename(files.path(number).c_str(), kept.c_str()) != 0)
        return failure("cannot put the damaged journal aside as " + kept);
    }
    opened.header.segment = numbers.front() + 1;
  }
  if (auto begun = files.begin_segment(opened.header.segment, broker::begin_segment(opened.header, opened.state));
      !begun)
    return begun.error();
  return std::pair{std::move(files), std::move(opened)};
}

Status JournalFiles::append(std::string_view bytes) {
  if (level_ == JournalLevel::none || bytes.empty()) return Nothing{};
  Status done = write_all(file_.get(), bytes);
  if (done && level_ == JournalLevel::os && ::fdatasync(file_.get()) != 0) done = failure("fdatasync");
  if (!done) {
    // Half a turn must not stand there when the whole of it comes again.
    const int kept_errno = errno;
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return failure("cannot take back half a write");
    errno = kept_errno;
    return done;
  }
  size_ += bytes.size();
  return Nothing{};
}

Status JournalFiles::begin_segment(std::uint64_t number, std::string_view checkpoint) {
  if (level_ == JournalLevel::none) return Nothing{};
  const std::string next = directory_ + "/next";
  Fd file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
  if (!file) return failure("cannot make " + next);
  if (auto written = write_all(file.get(), checkpoint); !written) return written.error();
  // Whatever the level: the older segment goes, so the newer one must be there.
  if (::fdatasync(file.get()) != 0) return failure("fdatasync of " + next);
  if (::rename(next.c_str(), path(number).c_str()) != 0) return failure("cannot rename " + next);
  sync_directory(directory_);
  if (segment_ != 0) ::unlink(path(segment_).c_str());
  file_ = std::move(file);
  segment_ = number;
  size_ = checkpoint_bytes_ = checkpoint.size();
  return Nothing{};
}

}  // namespace fairlead::broker::io
