#include "worker/io/module.hpp"

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>

#include <cxxabi.h>
#include <dlfcn.h>

#include "fairlead/module.hpp"

#include "bus/text.hpp"

namespace fairlead::worker {
namespace {

constexpr std::size_t longest_path = 500;  // in an error

// As people write it, when it is a C++ name.
std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                    &std::free);
  return status == 0 ? std::string(name.get()) : symbol;
}

// The loader knows the file by its descriptor only, and symbols by their mangled names.
std::string loader_says(const std::string& path) {
  const char* const said = ::dlerror();
  std::string text = said == nullptr ? "the loader does not say why" : said;
  if (text.starts_with(path + ": ")) text.erase(0, path.size() + 2);
  constexpr std::string_view undefined = "undefined symbol: ";
  if (const auto at = text.find(undefined); at != std::string::npos) {
    const auto begin = at + undefined.size();
    const auto end = std::min(text.find_first_of(" \t,", begin), text.size());
    text.replace(begin, end - begin, demangled(text.substr(begin, end - begin)));
  }
  return text;
}

}  // namespace

Result<MakeHandler> load_module(int fd, const std::string& name) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const std::string file = printable(name, longest_path);
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Error{"cannot load " + file + ": " + loader_says(path)};
  const auto* const entry = static_cast<const FairleadModule*>(::dlsym(library, "fairlead_module"));
  if (entry == nullptr)
    return Error{file +
                 " is no Fairlead module: it has no symbol fairlead_module. Does one of its sources say "
                 "FAIRLEAD_MODULE(YourHandler)?"};
  const std::string_view version = entry->version == nullptr ? "" : entry->version;
  if (version != FAIRLEAD_MODULE_VERSION)
    return Error{file + " was compiled for Fairlead " + printable(version) + ", and this worker is Fairlead " +
                 FAIRLEAD_MODULE_VERSION + ": compile it against the headers of this one"};
  return MakeHandler([make = entry->make] {
    std::unique_ptr<Handler> handler(make());
    if (!handler) throw std::runtime_error("the module made no handler");
    return handler;
  });
}

std::string module_app(const std::string& file) {
  std::string name = file.substr(file.rfind('/') + 1);
  if (name.starts_with("lib")) name.erase(0, 3);
  return name.substr(0, name.find(".so"));
}

}  // namespace fairlead::worker
