// fairlead-worker: the applications that come with Fairlead, as a worker.
#include "apps/apps.hpp"
#include "worker/io/program.hpp"

int main(int argc, char** argv) {
  namespace io = fairlead::io;
  return io::run_main([&] {
    fairlead::worker::ProgramSettings settings;
    std::string app = "chat";
    io::Options options({.program = "fairlead-worker", .summary = "Handles the events of a Fairlead bus."});
    options.text("app", "NAME", app, "the application: chat, echo", io::valid(&fairlead::apps::app_named));
    fairlead::worker::declare(options, settings);
    if (const auto done = options.load(argc, argv)) return *done;
    return fairlead::worker::serve(settings, app, fairlead::apps::app_named(app).value());
  });
}
