"""Citations of papers that published several sets."""

GANIN_2016 = """\
@article{ganin2016domain,
  title = {Domain-adversarial training of neural networks},
  author = {Ganin, Yaroslav and Ustinova, Evgeniya and Ajakan, Hana and Germain, Pascal and
            Larochelle, Hugo and Laviolette, Fran{\\c{c}}ois and Marchand, Mario and
            Lempitsky, Victor},
  journal = {Journal of Machine Learning Research}, volume = {17}, number = {59}, pages = {1--35},
  year = {2016}
}"""

BLITZER_2007 = """\
@inproceedings{blitzer2007biographies,
  title = {Biographies, {B}ollywood, boom-boxes and blenders: domain adaptation for sentiment
           classification},
  author = {Blitzer, John and Dredze, Mark and Pereira, Fernando},
  booktitle = {Annual Meeting of the Association of Computational Linguistics},
  pages = {440--447}, year = {2007}
}"""
