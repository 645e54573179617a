// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "rest_router.hpp"

#include "errors.hpp"
#include "options.hpp"
#include "rest_error.hpp"

#include <cwsandbox/error.hpp>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

namespace server {
namespace {

using cwsandbox::status_code;
using google::protobuf::Descriptor;
using google::protobuf::Message;

/// Path and query. Proxies may be asked for whole URLs, and may pass them on (RFC 9112, 3.2.2).
std::pair<std::string_view, std::string_view> split_target(std::string_view target) {
  for (std::string_view const scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    auto const slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  auto const mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::unique_ptr<Message> make_message(Descriptor const& type) {
  return std::unique_ptr<Message>{
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New()};
}

/// The host of `host:port`.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    auto const end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

status_code code_of(int http_status) {
  switch (http_status) {
    case 404:
    case 405:
    case 501:
      return status_code::unimplemented;
    case 413:
      return status_code::resource_exhausted;
    default:
      return http_status < 500 ? status_code::invalid_argument : status_code::internal;
  }
}

}  // namespace

std::optional<http_answer> rest_router::refuse(http_head const& head) {
  credentials const given{{head.authorization.begin(), head.authorization.end()},
                          {head.api_keys.begin(), head.api_keys.end()}};
  if (auto const admitted = env_.admit(given); !admitted) return to_answer(admitted.error());
  if (is_web_page(head)) {
    return to_answer(cwsandbox::rpc_error(
        status_code::permission_denied,
        "web pages may call this server only when it was started with a token"));
  }
  auto const asked = find(head.method, split_target(head.target).first);
  if (asked.method == nullptr) {
    if (asked.allowed.empty()) return explain(404, "this server knows no such path");
    auto answer = explain(405, "this path takes " + asked.allowed);
    answer.headers.emplace_back("Allow", asked.allowed);
    return answer;
  }
  if (asked.method->refusal) return to_answer(*asked.method->refusal);
  if (asked.method->http.body.empty() && head.content_length > 0)
    return explain(400, std::string{asked.method->name} + " takes no content");
  return std::nullopt;
}

http_answer rest_router::serve(http_head const& head, std::string content, http_peer& peer) {
  auto const [path, query] = split_target(head.target);
  auto asked = find(head.method, path);
  auto const& method = *asked.method;
  auto const* const described =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          std::string{method.service} + "." + std::string{method.name});
  if (described == nullptr) return explain(500, "the schema lacks " + std::string{method.name});

  std::string bytes;
  {
    auto const request = make_message(*described->input_type());
    rest_parts const parts{std::move(asked.path), query, std::move(content)};
    if (auto const read = read_request(method.http, parts, *request); !read)
      return to_answer(read.error());
    if (!request->SerializeToString(&bytes)) return explain(500, "the request cannot be encoded");
  }
  auto const result = method.handler(bytes, peer);
  if (!result) return to_answer(result.error());

  auto const response = make_message(*described->output_type());
  http_answer answer;
  if (!response->ParseFromString(*result) ||
      !google::protobuf::util::MessageToJsonString(*response, &answer.content).ok()) {
    return explain(500, "the response cannot be encoded");
  }
  return answer;
}

http_answer rest_router::explain(int status, std::string message) {
  return to_answer(cwsandbox::rpc_error(code_of(status), std::move(message)), status);
}

rest_router::found rest_router::find(std::string_view method, std::string_view path) const {
  found result;
  std::size_t narrowest = 0;
  for (auto const& each : routes_) {
    auto fields = match_path(each.http.path, path);
    if (!fields) continue;
    auto const verb = to_string(each.http.verb);
    if (verb != method) {
      if (result.allowed.find(verb) == std::string::npos)
        result.allowed += (result.allowed.empty() ? "" : ", ") + std::string{verb};
      continue;
    }
    auto const literal = literal_bytes(each.http.path);
    if (result.method != nullptr && literal <= narrowest) continue;
    narrowest = literal;
    result.method = &each;
    result.path = std::move(*fields);
  }
  return result;
}

// Without a token a web page could make its reader's browser run commands here, either openly or by a name that it makes
// point to this machine. Programs do not say what is looked at.
bool rest_router::is_web_page(http_head const& head) const {
  if (!env_.auth.lets_everybody_in()) return false;
  if (head.from_web_page) return true;
  std::string const host{without_port(head.host)};
  return is_loopback(own_host_) && !host.empty() && !is_loopback(host) && host != own_host_;
}

}  // namespace server
