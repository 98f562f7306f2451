// Business code as a shared library, which fairlead-worker --module loads, and replaces on SIGHUP while users talk:
//
//   struct Echo : fairlead::Handler {
//     void on_message(fairlead::Context& ctx, std::string_view message) override { ctx.reply(message); }
//   };
//   FAIRLEAD_MODULE(Echo);
//
// Once in one source of the library, outside of any namespace. The library links fairlead::module, and has its own copy
// of what it uses of Fairlead: nothing but the entry below is looked up in it, and it looks up nothing in the worker.
//
// A module and its worker must have been compiled against the same headers. Their version says so: it is Fairlead's,
// and a sum over these headers, comments left out. A worker refuses any other, so a new Fairlead wants modules to be
// compiled again.
#pragma once

#include <memory>

#include <fairlead/module_version.hpp>  // FAIRLEAD_HEADERS_VERSION; the build writes it

#include "fairlead/context.hpp"
#include "fairlead/handler.hpp"
#include "fairlead/store.hpp"
#include "fairlead/types.hpp"

// Two settings of the standard library change how its types look.
#if defined(_GLIBCXX_DEBUG)
#define FAIRLEAD_MODULE_VERSION FAIRLEAD_HEADERS_VERSION "+glibcxx-debug"
#elif defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define FAIRLEAD_MODULE_VERSION FAIRLEAD_HEADERS_VERSION "+old-strings"
#else
#define FAIRLEAD_MODULE_VERSION FAIRLEAD_HEADERS_VERSION
#endif

extern "C" {

// The entry, exported as `fairlead_module`. `version` stays first, so that whatever follows may change.
struct FairleadModule {
  const char* version;           // FAIRLEAD_MODULE_VERSION
  fairlead::Handler* (*make)();  // a new handler, for each thread one; may throw
};

}  // extern "C"

#define FAIRLEAD_MODULE(HandlerType)                                                      \
  extern "C" __attribute__((visibility("default"))) const FairleadModule fairlead_module; \
  const FairleadModule fairlead_module = {                                                \
      FAIRLEAD_MODULE_VERSION, []() -> fairlead::Handler* { return std::make_unique<HandlerType>().release(); }}
