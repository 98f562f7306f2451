#include "bus/io/fd.hpp"

#include <unistd.h>

namespace fairlead::io {

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);  // never again after EINTR: on Linux the descriptor is gone and may be somebody else's
  fd_ = fd;
}

}  // namespace fairlead::io
