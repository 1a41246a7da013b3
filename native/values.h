// What the files of the addon share: JavaScript values in and out, and C++ errors as JavaScript ones.
#pragma once
#define NAPI_CPP_EXCEPTIONS
#include <napi.h>

#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>

namespace reasontune {

[[noreturn]] inline void refuse(Napi::Env env, const std::string& message) { throw Napi::TypeError::New(env, message); }

// A tensor of ours that was not released, a number, a whole number; anything else is refused with `where` in the message.
at::Tensor& unwrap(const Napi::Value& value, const std::string& where);
double number(const Napi::Value& value, const std::string& where);
int64_t integer(const Napi::Value& value, const std::string& where);

// From now on tensors in host memory lie in blocks that are kept and used again (host-memory.cpp).
void keep_host_memory();

// accelerator.cpp's functions.
void export_accelerator(Napi::Env env, Napi::Object exports);

// A c10::Error's own sentence, without the C++ stack that follows it.
inline std::string first_lines(const c10::Error& error) { return error.what_without_backtrace(); }

// Memory that is not there is told apart by the error's class: its words differ between devices and versions.
[[noreturn]] inline void out_of_memory(Napi::Env env, const std::string& message) {
  auto error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, "OUT_OF_MEMORY"));
  throw error;
}

// Whatever C++ throws leaves as a JavaScript error that says in which operator or function it happened.
template <typename Work>
Napi::Value guarded(const Napi::CallbackInfo& info, const std::string& name, Work work) {
  try {
    c10::InferenceMode no_autograd;
    return work();
  } catch (const c10::OutOfMemoryError& error) {
    out_of_memory(info.Env(), name + ": " + first_lines(error));
  } catch (const std::bad_alloc& error) {
    out_of_memory(info.Env(), name + ": " + error.what());
  } catch (const c10::Error& error) {
    throw Napi::Error::New(info.Env(), name + ": " + first_lines(error));
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), name + ": " + error.what());
  }
}

}  // namespace reasontune
