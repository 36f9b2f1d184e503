// Gathered products need a place for each row of a step, and whole vectors of columns.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %z = kern.tile_zero : !kern.tile<2, 4, vector<4xf32>>
  // expected-error@+1 {{a step has one place for each row of the tile}}
  %t = kern.tile_gather %z, %x at [0, 1, 2], %x pitch 4 : !kern.tile<2, 4, vector<4xf32>>
  kern.return
}

// -----

kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %z = kern.tile_zero : !kern.tile<1, 3, vector<4xf32>>
  // expected-error@+1 {{the columns fill whole vectors}}
  %t = kern.tile_gather %z, %x at [0], %x pitch 4 : !kern.tile<1, 3, vector<4xf32>>
  kern.return
}

// -----

kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %z = kern.tile_zero : !kern.tile<1, 4, vector<4xf32>>
  // expected-error@+1 {{there are no more columns than the tile has}}
  kern.tile_across %z columns 5 : !kern.tile<1, 4, vector<4xf32>> {
  ^bb0(%v : vector<4xf32>, %row : index, %column : index, %count : index):
    kern.tile_end
  }
  kern.return
}

// -----

kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %z = kern.tile_zero : !kern.tile<1, 3, vector<4xf32>>
  %new = arith.constant true
  // expected-error@+1 {{the columns fill whole vectors}}
  kern.tile_moments %z, %x fresh %new : !kern.tile<1, 3, vector<4xf32>>
  kern.return
}
