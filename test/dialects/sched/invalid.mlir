// The verifier refuses kernels that no family compiles and programs that cannot run.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{unknown kernel family 'scan'}}
sched.kernel @k scan(%a : !net.t<[4], f32>) -> (!net.t<[4], f32>) {
  sched.yield %a : !net.t<[4], f32>
}

// -----

// expected-error@+1 {{'net.times' needs a kernel of the family 'gemm'}}
sched.kernel @k rows(%w : !net.t<[2 x 4], f32>, %a : !net.t<[4], f32, @"*">) -> (!net.t<[2], f32, @"*">) {
  %b = net.times %w, %a : !net.t<[2], f32, @"*">
  sched.yield %b : !net.t<[2], f32, @"*">
}

// -----

// expected-error@+1 {{a gemm kernel starts with its one product or windows}}
sched.kernel @k gemm(%a : !net.t<[4], f32>) -> (!net.t<[4], f32>) {
  %b = net.exp %a : !net.t<[4], f32>
  sched.yield %b : !net.t<[4], f32>
}

// -----

sched.kernel @k rows(%a : !net.t<[4], f32>) -> (!net.t<[4], f32>) {
  %b = net.exp %a : !net.t<[4], f32>
  sched.yield %b : !net.t<[4], f32>
}
// expected-error@+1 {{a buffer is read before it is written}}
sched.program @step [] {
  %x = sched.buffer temporary "x" : !net.t<[4], f32>
  sched.call @k(%x) -> (%x)
}

// -----

sched.kernel @k rows(%a : !net.t<[4], f32>) -> (!net.t<[4], f32>) {
  %b = net.exp %a : !net.t<[4], f32>
  sched.yield %b : !net.t<[4], f32>
}
// expected-error@+1 {{'x' and 'y' share memory with 1 columns}}
sched.program @step [] arena [64] {
  %x = sched.buffer input "x" at [0] : !net.t<[4], f32>
  %y = sched.buffer temporary "y" at [0] : !net.t<[4], f32>
  sched.call @k(%x) -> (%y)
}

// -----

sched.program @step [] {
  // expected-error@+1 {{a state buffer has one of the roles parameter, momentum}}
  %x = sched.buffer state "x" : !net.t<[4], f32>
}

// -----

sched.kernel @k rows(%a : !net.t<[4], f32>) -> (!net.t<[4], f32>) {
  %b = net.exp %a : !net.t<[4], f32>
  sched.yield %b : !net.t<[4], f32>
}
sched.program @step [] {
  %x = sched.buffer input "x" : !net.t<[4], f32>
  %y = sched.buffer temporary "y" : !net.t<[5], f32>
  // expected-error@+1 {{the buffers to write do not fit @k}}
  sched.call @k(%x) -> (%y)
}

// -----

// expected-error@+1 {{the values of a kernel do not broadcast to one shape}}
sched.kernel @k rows(%a : !net.t<[4], f32, @"*">, %b : !net.t<[3], f32, @"*">) -> (!net.t<[1], f32, @"*">) {
  %c = net.reduce %a : !net.t<[1], f32, @"*">
  %d = net.reduce %b : !net.t<[1], f32, @"*">
  %e = net.plus %c, %d : !net.t<[1], f32, @"*">
  sched.yield %e : !net.t<[1], f32, @"*">
}

// -----

// expected-error@+1 {{an operation on sequences needs a kernel of that family}}
sched.kernel @k rows(%x : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*/first">) {
  %y = net.sequence_fold %x : !net.t<[4], f32, @"*/first">
  sched.yield %y : !net.t<[4], f32, @"*/first">
}

// -----

sched.program @step ["*", "*/first"] {
  %x = sched.buffer input "x" : !net.t<[4], f32, @"*">
  %i = sched.buffer input "i" : !net.t<[3], f32, @"*/first">
  sched.loop past "*" {
    // expected-error@+1 {{the initial state has a sample for each step, or one for all}}
    %d = sched.delayed %x, %i 2 : !net.t<[4], f32, @"*">, !net.t<[3], f32, @"*/first">
  }
}
