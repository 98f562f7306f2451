// Keys in files, and the flags that name them. What is secret is in a file that its owner alone may read, never on a
// command line.
#pragma once

#include <string>

#include "bus/io/options.hpp"
#include "bus/keys.hpp"
#include "bus/result.hpp"

namespace fairlead::io {

KeyPair make_key_pair();
// The secret key in `path`, for its owner only, and the public one in `path`.pub. Neither may be there already.
Status save(const KeyPair& keys, const std::string& path);
// From the file of a secret key; the public key follows from it.
Result<KeyPair> load_key_pair(const std::string& path);
Result<std::string> load_public_key(const std::string& path);

// --key and --broker-key of all who connect to a broker: both, or none.
Result<Keys> load_keys(const std::string& key, const std::string& broker_key);
struct KeyOptions {
  std::string key;
  std::string broker_key;

  void declare(Options& options);  // which looks into the files, too; *this must outlive options.load()
  Keys load() const;               // throws std::runtime_error
};

}  // namespace fairlead::io
