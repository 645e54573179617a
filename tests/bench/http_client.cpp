// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The HTTP transport beside libcurl: the same GET of a sandbox, keep-alive, one thread. Ours decodes the answer too;
// libcurl gathers the body and no more. Usage: http_client ours|curl URL COUNT IN_FLIGHT; see run_http.py.

#include <cwsandbox/transport/http.hpp>

#include "bench/measure.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cw = cwsandbox;

namespace {

[[noreturn]] void give_up(char const* why) {
  std::fprintf(stderr, "%s\n", why);
  std::exit(1);
}

asio::awaitable<void> get_many(cw::http_transport transport, long& left) {
  while (left > 0) {
    --left;
    cw::wire::GetSandboxRequest request{};
    request.sandbox_id = "sandbox-0001";
    cw::call_options options{};
    options.timeout = std::chrono::seconds{30};
    auto const got = co_await transport.get_sandbox(std::move(request), options);
    if (!got) give_up(got.error().message().c_str());
    if (got->sandbox_id != "sandbox-0001") give_up("another sandbox");
  }
}

void run_ours(std::string const& url, long count, int in_flight) {
  asio::io_context io;
  cw::http_options options{};
  options.base_url = url;
  options.proxy = "none";
  options.api_key = "a-key";
  options.max_connections = static_cast<std::size_t>(in_flight);
  cw::http_transport transport{options, io.get_executor()};
  auto const work = [&](long calls) {
    int running = in_flight;
    for (int i = 0; i < in_flight; ++i)
      asio::co_spawn(io, get_many(transport, calls), [&](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
        if (--running == 0) io.stop();
      });
    io.run();
    io.restart();
  };
  work(in_flight * 4);  // the connections
  bench::measured const measured;
  work(count);
  measured.print(count);
}

std::size_t gather(char* bytes, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, size * count);
  return size * count;
}

struct transfer {
  CURL* easy{curl_easy_init()};
  std::string body{};
};

void check_body(transfer& done) {
  long status = 0;
  curl_easy_getinfo(done.easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 || done.body.find("sandbox-0001") == std::string::npos)
    give_up("another answer");
  done.body.clear();
}

void run_curl(std::string const& url, long count, int in_flight) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  auto* const multi = curl_multi_init();
  auto* headers = curl_slist_append(nullptr, "authorization: Bearer a-key");
  headers = curl_slist_append(headers, "accept: application/json");
  auto const target = url + "/v1/sandboxes/sandbox-0001";
  std::vector<transfer> all(static_cast<std::size_t>(in_flight));
  for (auto& one : all) {
    curl_easy_setopt(one.easy, CURLOPT_URL, target.c_str());
    curl_easy_setopt(one.easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(one.easy, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(one.easy, CURLOPT_WRITEDATA, &one.body);
    curl_easy_setopt(one.easy, CURLOPT_PRIVATE, &one);
    curl_easy_setopt(one.easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(one.easy, CURLOPT_PROXY, "");
    curl_easy_setopt(one.easy, CURLOPT_TIMEOUT, 30L);
  }
  auto const work = [&](long calls) {
    if (in_flight == 1) {
      for (; calls > 0; --calls) {
        if (curl_easy_perform(all[0].easy) != CURLE_OK) give_up("a transfer failed");
        check_body(all[0]);
      }
      return;
    }
    long begun = 0;
    long done = 0;
    for (auto& one : all) {
      curl_multi_add_handle(multi, one.easy);
      ++begun;
    }
    while (done < begun) {
      int running = 0;
      curl_multi_perform(multi, &running);
      int rest = 0;
      while (auto* const message = curl_multi_info_read(multi, &rest)) {
        if (message->msg != CURLMSG_DONE) continue;
        if (message->data.result != CURLE_OK) give_up("a transfer failed");
        auto* const easy = message->easy_handle;
        transfer* one = nullptr;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &one);
        check_body(*one);
        ++done;
        curl_multi_remove_handle(multi, easy);
        if (begun < calls) {
          curl_multi_add_handle(multi, easy);
          ++begun;
        }
      }
      if (done < begun) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
  };
  work(in_flight * 4);
  bench::measured const measured;
  work(count);
  measured.print(count);
  for (auto& one : all) curl_easy_cleanup(one.easy);
  curl_slist_free_all(headers);
  curl_multi_cleanup(multi);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) give_up("usage: http_client ours|curl URL COUNT IN_FLIGHT");
  auto const count = std::atol(argv[3]);
  auto const in_flight = std::atoi(argv[4]);
  if (std::string_view{argv[1]} == "ours")
    run_ours(argv[2], count, in_flight);
  else
    run_curl(argv[2], count, in_flight);
}
