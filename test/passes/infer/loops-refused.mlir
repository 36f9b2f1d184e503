// A ring that goes both ways, one through a sum over samples, and one that grows are refused.
// RUN: bs-opt %s --split-input-file -p net-infer-shapes --verify-diagnostics

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{the loop of 'p' goes both ways}}
    %p = net.past_value %h {node = "p"} : !net.t<*, f32, @"*">
    %f = net.future_value %h {node = "f"} : !net.t<*, f32, @"*">
    %a = net.plus %x, %p : !net.t<*, f32, @"*">
    %h = net.plus %a, %f {node = "h"} : !net.t<*, f32, @"*">
    net.roots output(%h)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %p = net.past_value %h {node = "p"} : !net.t<*, f32, @"*">
    // expected-error@+1 {{'c' cannot stand in a loop over time}}
    %c = net.square_error %x, %p {node = "c"} : !net.t<[1], f32>
    %h = net.plus %x, %c {node = "h"} : !net.t<*, f32, @"*">
    net.roots output(%h)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{the shape of 'p' grows with every step}}
    %p = net.past_value %h {node = "p", dims = [3]} : !net.t<*, f32, @"*">
    %h = net.splice %x, %p {node = "h", axis = 1} : !net.t<*, f32, @"*">
    net.roots output(%h)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{'timeStep' must be at least 1}}
    %p = "net.past_value"(%x) <{node = "p", time_step = 0}> : (!net.t<[3], f32, @"*">) -> !net.t<*, f32>
    net.roots output(%p)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %p = net.past_value %h {node = "p"} : !net.t<[3], f32, @"*">
    // expected-error@+1 {{'m' cannot stand in a loop over time}}
    %m = net.sequence_spread %p {node = "m"} : !net.t<[3], f32, @"*">
    %h = net.plus %x, %m {node = "h"} : !net.t<[3], f32, @"*">
    net.roots output(%h)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{the dimensions of a delay must be at least 1}}
    %p = net.past_value %h {node = "p", dims = [-5]} : !net.t<*, f32, @"*">
    %h = net.splice %x, %p {node = "h", axis = 1} : !net.t<*, f32, @"*">
    net.roots output(%h)
  }
}
