// Loads business code that was compiled as a module ("fairlead/module.hpp").
#pragma once

#include <string>

#include "fairlead/handler.hpp"

#include "bus/result.hpp"

namespace fairlead::worker {

// From an open file, which is called `name` in errors. What it loads stays until the process ends. An Error says what
// keeps it from being loaded: not a library, a symbol that nobody has, no entry, another version. Whatever the module's
// own constructors do, they do here. The descriptor stays open: the loader tells files apart by its number.
Result<MakeHandler> load_module(int fd, const std::string& name);

// What people call it: "libchat.so" and "chat.so" are chat.
std::string module_app(const std::string& file);

}  // namespace fairlead::worker
