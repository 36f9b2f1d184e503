// The verifier refuses types, options and symbols that do not fit.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{the result must be !net.t<[3], f32, @"*">, not !net.t<[4], f32, @"*">}}
    %z = net.sigmoid %x : !net.t<[4], f32, @"*">
    net.roots
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %y = net.input "y" : !net.t<[2], f32, @"*">
    // expected-error@+1 {{shapes do not match: [3] and [2]}}
    %z = net.plus %x, %y : !net.t<[3], f32, @"*">
    net.roots
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{all element types of an operation must be the same}}
    %z = net.exp %x : !net.t<[3], f64, @"*">
    net.roots
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @a>
    %y = net.input "y" : !net.t<[3], f32, @b>
    // expected-error@+1 {{operands lie on different dynamic axes: 'a' and 'b'}}
    %z = net.plus %x, %y : !net.t<[3], f32, @a>
    net.roots
  }
}

// -----

builtin.module {
  // expected-error@+1 {{there is no parameter or state @W}}
  net.network {
    %w = net.read @W : !net.t<[3], f32>
    net.roots
  }
}

// -----

// expected-error@+1 {{init 'uniform' needs 'seed'}}
net.parameter @W : !net.t<[3], f32> {init = "uniform"}

// -----

// expected-error@+1 {{'velocity' is not one of momentum, hyper, criterion, statistic, running}}
net.state @s : !net.t<[3], f32> {role = "velocity"}

// -----

// expected-error@+1 {{a dimension must be at least 1 or '?', not 0}}
net.state @s : !net.t<[0], f32> {role = "momentum"}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{'Median' is not one of Sum, LogSum, Mean, Max, Min, Prod, Argmax, Argmin}}
    %z = net.reduce %x {op = "Median"} : !net.t<[1], f32, @"*">
    net.roots
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{%y is not defined before}}
    %z = net.plus %x, %y : !net.t<[3], f32, @"*">
    net.roots
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3 x 2], f32, @"*">
    // expected-error@+1 {{!net.t<[2], f32> does not broadcast to !net.t<[3 x 2], f32, @"*">}}
    %z = net.sum_to %x : !net.t<[2], f32>
    net.roots
  }
}

// -----

// expected-error@+1 {{the elements of a network value are f32 or f64}}
net.state @s : !net.t<[1], i32> {role = "momentum"}

// -----

builtin.module {
  // expected-error@+1 {{learning_rate_multiplier is -1, not 0 or more}}
  net.parameter @W : !net.t<[3], f32> {init = "constant", value = 0.0, learning_rate_multiplier = -1.0}
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{'dims' is a list of integers}}
    %z = net.past_value %x {dims = [array<i64>]} : !net.t<[3], f32, @"*">
    net.roots
  }
}

// -----

builtin.module {
  net.parameter @W : !net.t<[9 x 1 x 2], f32> {init = "constant", value = 0.0}
  net.network {
    %W = net.read @W : !net.t<[9 x 1 x 2], f32>
    %x = net.input "x" : !net.t<[4 x 4 x 1], f32, @"*">
    // expected-error@+1 {{'stride' is a list of integers}}
    %z = net.convolution %W, %x {kernel = [3, 3, 1], stride = [[1]], maps = [2]} : !net.t<[4 x 4 x 2], f32, @"*">
    net.roots
  }
}
