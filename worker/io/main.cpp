// fairlead-worker: the applications that come with Fairlead, as a worker.
#include "apps/apps.hpp"
#include "worker/io/program.hpp"

namespace {

fairlead::Status named(const std::string& app) {
  if (app.empty()) return fairlead::Nothing{};
  const auto found = fairlead::apps::app_named(app);
  if (!found) return found.error();
  return fairlead::Nothing{};
}

}  // namespace

int main(int argc, char** argv) {
  namespace io = fairlead::io;
  return io::run_main([&] {
    fairlead::worker::ProgramSettings settings;
    std::string app;
    io::Options options({.program = "fairlead-worker", .summary = "Handles the events of a Fairlead bus."});
    options.text("app", "NAME", app, "an application that is compiled in: bench, chat, echo (default: chat)", named)
        .text("module", "FILE", settings.module,
              "business code in a shared library, read again on SIGHUP; implies --workers 1")
        .also([&]() -> fairlead::Status {
          if (app.empty() || settings.module.empty()) return fairlead::Nothing{};
          return fairlead::Error{"--app names what is compiled in, --module what is not: choose one of them"};
        });
    fairlead::worker::declare(options, settings);
    if (const auto done = options.load(argc, argv)) return *done;
    if (app.empty()) app = "chat";
    return fairlead::worker::run_program(argc, argv, options, settings,
                                         {.app = app, .make_handler = fairlead::apps::app_named(app).value()});
  });
}
