// A page as a headless browser builds it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace tandem {

// The page's main part; "" where there is no browser. Fails on console errors, and where the page did not draw itself.
inline std::string rendered_page(const std::string& html) {
  namespace fs = std::filesystem;
  if (std::system("command -v chromium >/dev/null 2>&1") != 0) return {};
  const fs::path folder = fs::temp_directory_path() / ("tandem-page-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "page.html") << html;
  const std::string command =
      "timeout 60 chromium --headless --no-sandbox --disable-gpu --enable-logging=stderr --user-data-dir=" +
      (folder / "profile").string() + " --dump-dom file://" + (folder / "page.html").string() + " 2>" +
      (folder / "log").string() + " >" + (folder / "dom").string();
  const int status = std::system(command.c_str());
  std::ostringstream dom, log;
  dom << std::ifstream(folder / "dom").rdbuf();
  log << std::ifstream(folder / "log").rdbuf();
  fs::remove_all(folder);
  EXPECT_EQ(status, 0) << log.str();
  EXPECT_EQ(log.str().find("CONSOLE"), std::string::npos) << log.str();
  const std::string page = dom.str();
  EXPECT_NE(page.find("data-errors=\"0\" data-rendered=\"true\""), std::string::npos);
  const std::size_t begin = page.find("<main"), end = page.find("</main>");
  return begin < end && end != std::string::npos ? page.substr(begin, end - begin) : "nothing was drawn";
}

}  // namespace tandem
