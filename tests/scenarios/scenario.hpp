// Scenario files: a machine tested as a conversation. A file is blocks of
//
//   # comment
//   input | input
//   input
//   ----
//   what the machine said
//   (blank line)
//
// Running a file gives the text as it should be; the test compares, and FAIRLEAD_REWRITE=1 writes it down instead: then
// the diff is the review.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace fairlead::scenarios {

// What plays the inputs of one file: one call a block, answering with what the machine said.
using Stage = std::function<std::vector<std::string>(const std::vector<std::string>& inputs)>;

// The file's text with every block's answers replaced by what the stage says. Throws std::runtime_error with the line
// number when an input makes no sense.
std::string replay(const std::string& text, const Stage& stage);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

}  // namespace fairlead::scenarios
