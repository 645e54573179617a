// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
'use strict';

// google.rpc.Status with the details that our services send, written and read by protobufjs (proto-loader brings it).

const protobuf = require('protobufjs');

const { root } = protobuf.parse(
  `syntax = "proto3";
  package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message FieldViolation { string field = 1; string description = 2; }
  message BadRequest { repeated FieldViolation field_violations = 1; }
  message LocalizedMessage { string locale = 1; string message = 2; }`,
  { keepCase: true },
);

const type = (name) => root.lookupType(`google.rpc.${name}`);
const any = (name, value) => ({
  type_url: `type.googleapis.com/google.rpc.${name}`,
  value: type(name).encode(value).finish(),
});

const errorInfo = (reason, domain, metadata) => any('ErrorInfo', { reason, domain, metadata });
const retryInfo = (seconds, nanos) => any('RetryInfo', { retry_delay: { seconds, nanos } });
const badRequest = (violations) =>
  any('BadRequest', { field_violations: violations.map(([field, description]) => ({ field, description })) });
const localizedMessage = (locale, message) => any('LocalizedMessage', { locale, message });
const status = (code, message, details) => Buffer.from(type('Status').encode({ code, message, details }).finish());

// Every key has a value: nothing of a kind is '', {}, undefined or [].
function decode(bytes) {
  const found = { reason: '', domain: '', metadata: {}, retryDelay: undefined, violations: [] };
  const decoded = type('Status').decode(bytes);
  for (const { type_url, value } of decoded.details) {
    const name = type_url.split('/').pop().replace('google.rpc.', '');
    if (!['ErrorInfo', 'RetryInfo', 'BadRequest'].includes(name)) continue;
    const detail = type(name).toObject(type(name).decode(value), { longs: Number, defaults: true });
    if (name === 'ErrorInfo') Object.assign(found, detail);
    if (name === 'RetryInfo') found.retryDelay = detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9;
    if (name === 'BadRequest') found.violations = detail.field_violations.map((v) => [v.field, v.description]);
  }
  return found;
}

module.exports = { errorInfo, retryInfo, badRequest, localizedMessage, status, decode };
