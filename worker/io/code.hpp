// Code is what worker processes are made from, as it was when it was read: the program, and the module if there is one.
// Whoever starts a process later starts the same code, whatever has been written over the files meanwhile.
//
// The module is a sealed copy in memory. `cp new.so old.so` truncates the file that running processes have mapped, which
// would be their death at the next page that they touch; nobody can write into the copy. The program needs none: Linux
// refuses to write into a program that runs, and an open descriptor holds it when another file takes its name.
#pragma once

#include <string>

#include "bus/io/fd.hpp"
#include "bus/result.hpp"

namespace fairlead::worker {

struct Code {
  io::Fd program;
  io::Fd module;  // none: what is compiled in

  // An Error says which file, and what is wrong with it. `module` is a path or empty.
  static Result<Code> read(const std::string& program, const std::string& module);
};

// Where the program of this process lies. To be asked at the start: later another file may have the name.
std::string own_program();

}  // namespace fairlead::worker
