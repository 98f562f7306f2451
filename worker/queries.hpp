// Queries is what a handler needs of the bus while it runs. The shell implements it (worker/io), tests play it.
#pragma once

#include "bus/result.hpp"
#include "schemas/records.hpp"

namespace fairlead::worker {

class Queries {
 public:
  Queries() = default;
  Queries(const Queries&) = delete;
  Queries& operator=(const Queries&) = delete;
  virtual ~Queries() = default;

  // Sends `query` under an id of the implementation's choosing and waits for its answer, one page; an Error after a few
  // seconds, or when the link is reset meanwhile. Heartbeats go on. Called on the handler's thread.
  virtual Result<schemas::Answer> ask(schemas::Query query) = 0;

  // The unit being handled is alive and wants its deadline moved.
  virtual void progress() = 0;
};

}  // namespace fairlead::worker
