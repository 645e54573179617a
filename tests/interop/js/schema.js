// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
'use strict';

// The API as grpc-js sees it: services by name, loaded from our .proto files.

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const PROTO = path.join(__dirname, '../../../examples/server/proto');

function load(directory = PROTO) {
  const definition = loader.loadSync(['coreweave/sandbox/v1/sandbox.proto', 'coreweave/sandbox/v1/discovery.proto'], {
    includeDirs: [directory],
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: false,
    oneofs: true,
  });
  return grpc.loadPackageDefinition(definition).coreweave.sandbox.v1;
}

module.exports = { load };
