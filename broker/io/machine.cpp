#include "broker/io/machine.hpp"

#include <fstream>

#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>

namespace fairlead::broker::io {

Machine look_at_machine(const std::string& journal) {
  Machine machine;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) machine.descriptors = limit.rlim_cur;
  std::ifstream("/proc/sys/net/core/somaxconn") >> machine.somaxconn;
  struct statfs disk {};
  if (!journal.empty() && ::statfs(journal.c_str(), &disk) == 0) {
    machine.journal_in_memory = disk.f_type == TMPFS_MAGIC || disk.f_type == RAMFS_MAGIC;
    machine.journal_free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * static_cast<std::uint64_t>(disk.f_bsize);
  }
  return machine;
}

}  // namespace fairlead::broker::io
