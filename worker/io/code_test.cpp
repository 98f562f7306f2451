#include "worker/io/code.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace fairlead::worker {
namespace {

class CodeTest : public testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(file, std::ios::trunc) << text; }
  static std::string content(const io::Fd& fd) {
    std::ifstream in("/proc/self/fd/" + std::to_string(fd.get()));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string error(const std::string& module) const { return Code::read(own_program(), module).error().message; }

  const std::string file = testing::TempDir() + "code_" + std::to_string(::getpid()) + ".so";
};

TEST_F(CodeTest, keeps_the_module_as_it_was_whatever_is_written_over_the_file) {
  write("the first edition");
  const Code code = Code::read(own_program(), file).value();
  write("the 2nd");
  EXPECT_EQ(content(code.module), "the first edition");
  EXPECT_EQ(::write(code.module.get(), "x", 1), -1) << "nobody can write into it";
  EXPECT_EQ(::ftruncate(code.module.get(), 0), -1);
  EXPECT_EQ(content(Code::read(own_program(), file)->module), "the 2nd");
  std::filesystem::remove(file);
  EXPECT_EQ(error(file), "cannot open " + file + ": No such file or directory");
}

TEST_F(CodeTest, names_what_is_no_file) {
  EXPECT_EQ(error("/tmp"), "/tmp is not a file");
  EXPECT_EQ(error("/dev/null"), "/dev/null is not a file");
}

TEST_F(CodeTest, is_the_program_alone_when_there_is_no_module) {
  const Code code = Code::read(own_program(), "").value();
  EXPECT_TRUE(code.program);
  EXPECT_FALSE(code.module);
  EXPECT_TRUE(own_program().ends_with("worker_io_test"));
}

}  // namespace
}  // namespace fairlead::worker
