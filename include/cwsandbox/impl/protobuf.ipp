// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_PROTOBUF_IPP
#define CWSANDBOX_IMPL_PROTOBUF_IPP

#include <cwsandbox/detail/utf8_text.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <protozero/types.hpp>
#include <protozero/varint.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail {

// protozero compares lengths, which are of 32 bits, as std::ptrdiff_t.
static_assert(sizeof(std::ptrdiff_t) > sizeof(protozero::pbf_length_type));

CWSANDBOX_DECL void proto_reader::fail(char const* what) noexcept {
  if (what_ == nullptr) what_ = what;
  in_ = protozero::pbf_reader{};
}

template <class Take>
auto proto_reader::guarded(Take take) noexcept -> decltype(take()) {
  try {
    return take();
  } catch (protozero::end_of_buffer_exception const&) {
    fail("the message ends inside a field");
  } catch (protozero::varint_too_long_exception const&) {
    fail("a number is longer than 10 bytes");
  } catch (protozero::invalid_tag_exception const&) {
    fail("a field has the number 0 or a reserved one");
  } catch (protozero::unknown_pbf_wire_type_exception const&) {
    fail("a field is a group or has an unknown wire type");
  }
  return decltype(take())();
}

// protozero takes keys and lengths of up to 10 bytes, where libprotobuf refuses more than 5, and cuts them to 32 bits.
// What comes out is a key or length as good as any: it is checked, and nothing outside the message is read.

CWSANDBOX_DECL bool proto_reader::next() noexcept {
  if (failed()) return false;
  field_ = in_.data().data();
  return guarded([this] { return in_.next(); });
}

CWSANDBOX_DECL std::string_view proto_reader::view() noexcept {
  return guarded([this] {
    auto const value = in_.get_view();
    return std::string_view{value.data(), value.size()};
  });
}

CWSANDBOX_DECL void proto_reader::skip() noexcept {
  guarded([this] { in_.skip(); });
}

CWSANDBOX_DECL std::uint64_t proto_reader::varint() noexcept {
  return guarded([this] { return in_.get_uint64(); });
}

CWSANDBOX_DECL proto_reader::packed_numbers proto_reader::packed() noexcept {
  return guarded([this] { return in_.get_packed_uint64(); });
}

CWSANDBOX_DECL bool proto_reader::next_packed(packed_numbers& run, std::uint64_t& number) noexcept {
  return guarded([&] {
    if (run.empty()) return false;
    number = run.front();
    run.drop_front();
    return true;
  });
}

CWSANDBOX_DECL void proto_reader::bytes(std::string& into) {
  auto const value = view();
  // Below this size an allocation comes from memory that is in use already, and costs as little as the move.
  constexpr std::size_t worth_taking_over = std::size_t{256} * 1024;
  if (owner_ != nullptr && value.size() >= worth_taking_over &&
      value.size() >= owner_->capacity() / 2 &&
      value.data() + value.size() == owner_->data() + owner_->size()) {
    // What was read is all that there is: the reader and those around it are at the end of the same memory, and
    // nothing is read from it any more.
    owner_->erase(0, owner_->size() - value.size());
    into = std::move(*owner_);
    owner_ = nullptr;
    return;
  }
  into.assign(value);
}

CWSANDBOX_DECL void proto_reader::text(std::string& into) {
  auto const value = view();
  if (is_utf8(value)) {
    into.assign(value);
  } else {
    fail("a string is not UTF-8");
  }
}

CWSANDBOX_DECL protozero::pbf_reader proto_reader::enter() noexcept {
  auto const inner = guarded([this] { return in_.get_message(); });
  auto const outer = in_;
  if (depth_left_ == 0) {
    fail("messages are nested too deeply");
  } else {
    --depth_left_;
    in_ = inner;
  }
  return outer;
}

CWSANDBOX_DECL void proto_reader::leave(protozero::pbf_reader const& outer) noexcept {
  if (failed()) return;
  ++depth_left_;
  in_ = outer;
}

inline constexpr auto proto_map_key =
    protozero::tag_and_type(1, protozero::pbf_wire_type::length_delimited);
inline constexpr auto proto_map_value =
    protozero::tag_and_type(2, protozero::pbf_wire_type::length_delimited);

CWSANDBOX_DECL void proto_reader::map_entry(wire::string_map& into) {
  std::string name;
  std::string value;
  auto const outer = enter();
  while (next()) {
    if (key() == proto_map_key) {
      text(name);
    } else if (key() == proto_map_value) {
      text(value);
    } else {
      skip();
    }
  }
  leave(outer);
  if (failed()) return;
  // Looking for the key is cheapest for the sizes that occur; what is larger is put right at the end, once.
  constexpr std::size_t small = 16;
  if (into.size() < small) {
    into.insert_or_assign(std::move(name), std::move(value));
  } else {
    into.append(std::move(name), std::move(value));
    crowded_map_ = true;
  }
}

CWSANDBOX_DECL error proto_reader::failure(std::string_view message) const {
  std::string text{"cannot decode "};
  text.append(message).append(": ").append(what_);
  text.append(" (field at byte ").append(std::to_string(field_ - begin_));
  if (!message_.empty() && message_ != message) text.append(", in ").append(message_);
  text += ')';
  return rpc_error(status_code::internal, std::move(text));
}

CWSANDBOX_DECL error proto_too_long(std::string_view message, std::size_t size, std::size_t limit) {
  std::string text{"cannot decode "};
  text.append(message).append(": ").append(std::to_string(size));
  text.append(" bytes are more than the limit of ").append(std::to_string(limit));
  return rpc_error(status_code::internal, std::move(text));
}

CWSANDBOX_DECL void proto_writer::varint(std::uint64_t value) noexcept {
  if (value < 0x80U) {
    *--at_ = static_cast<char>(value);
    return;
  }
  at_ -= varint_size(value);
  protozero::add_varint_to_buffer(at_, value);
}

CWSANDBOX_DECL void proto_writer::bytes(std::string_view value) noexcept {
  at_ -= value.size();
  std::memcpy(at_, value.data(), value.size());
}

CWSANDBOX_DECL void proto_writer::close(char const* end, std::uint32_t key) noexcept {
  varint(static_cast<std::uint64_t>(end - at_));
  varint(key);
}

CWSANDBOX_DECL void proto_writer::map_entry(wire::string_map::value_type const& entry,
                                            std::uint32_t key) noexcept {
  auto const* const end = at_;
  auto const* value_end = at_;
  bytes(entry.second);
  close(value_end, proto_map_value);
  value_end = at_;
  bytes(entry.first);
  close(value_end, proto_map_key);
  close(end, key);
}

CWSANDBOX_DECL std::size_t map_entry_size(wire::string_map::value_type const& entry) noexcept {
  // both are always written, each with a key of one byte
  return 2 + varint_size(entry.first.size()) + entry.first.size() +
         varint_size(entry.second.size()) + entry.second.size();
}

}  // namespace cwsandbox::inline v1::detail

#endif
