// Operations on sequences that do not fit are found by their rules.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    // expected-error@+1 {{the result must be !net.t<[2], f32, @"*/first">}}
    %a = net.sequence_slice %x {begin = -1} : !net.t<[2], f32, @"*">
    net.roots output(%a)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    // expected-error@+1 {{the condition of Where must be one number}}
    %a = net.where %x {condition = "x"} : !net.t<[1], f32, @"*/where:x">
    net.roots output(%a)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    // expected-error@+1 {{'blankTokenId' is no class of the features}}
    %c = net.forward_backward %x, %x {blank = 2} : !net.t<[1], f32>
    net.roots criterion(%c)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[1], f32, @"*">
    %w = net.where %x {condition = "x"} : !net.t<[1], f32, @"*/where:x">
    %f = net.sequence_slice %w {begin = -1} : !net.t<[1], f32, @"*/where:x/first">
    // expected-error@+1 {{this axis cannot be sliced along time}}
    %a = net.sequence_slice %w {begin = 1} : !net.t<[1], f32, @"*/where:x/slice:1:0">
    net.roots output(%a, %f)
  }
}
