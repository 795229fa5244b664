// A shared library that may not be there, loaded while the program runs, with functions by our own prototypes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <dlfcn.h>

namespace tandem {

class Library {
 public:
  // The first of these that loads; none: loaded() is false.
  explicit Library(const std::vector<std::string>& names) {
    for (const std::string& name : names)
      if (!handle_)
        handle_.reset(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL), [](void* handle) {
          if (handle != nullptr) dlclose(handle);
        });
  }
  bool loaded() const { return handle_ != nullptr; }

  // nullptr where it has no such function.
  template <typename Function>
  Function* find(const char* name) const {
    return handle_ ? reinterpret_cast<Function*>(dlsym(handle_.get(), name)) : nullptr;
  }

 private:
  std::shared_ptr<void> handle_;
};

}  // namespace tandem
